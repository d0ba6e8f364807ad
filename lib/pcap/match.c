/* SPDX-License-Identifier: MIT
 * match.c: does a packet match an expression?
 *
 * Lowered, as the kernel does it (kern/net/filter.c), or leaf by leaf, as libpcap's code would if
 * nothing optimized it.
 */
#include "lib/pcap/match.h"

#include "lib/pcap/primitive.h"

static bool
read_field(const uint8_t *packet, size_t bytes, size_t at, uint32_t width, uint64_t *value)
{
	*value = 0;
	if (at > bytes || width > bytes - at) {
		return false;
	}
	for (uint32_t i = 0; i < width; i++) {
		*value = *value << 8 | packet[at + i];
	}
	return true;
}

enum match
pcap_match_one(const struct pcap_filter *filter, const uint8_t *packet, size_t bytes)
{
	size_t base = 0;

	for (uint32_t i = 0; i < filter->count; i++) {
		const struct exo_atom *atom = &filter->atoms[i];
		uint64_t value;

		if (!read_field(packet, bytes, base + atom->offset, atom->width, &value)) {
			return MATCH_SHORT;
		}
		value &= atom->mask;
		if (atom->kind == EXO_ATOM_SHIFT) {
			base += value << atom->scale;
		} else if (value != atom->value) {
			return MATCH_NO;
		}
	}
	return MATCH_YES;
}

/* Bytes of the IPv4 header: RFC 791 3.1. */
static size_t
ip_header(const uint8_t *packet, size_t bytes)
{
	return bytes > PRIMITIVE_LINK ? (packet[PRIMITIVE_LINK] & 0x0f) * 4u : 0;
}

enum match
pcap_match_graph(const struct graph *graph, const uint8_t *packet, size_t bytes)
{
	uint32_t at = graph->count ? 0 : GRAPH_ACCEPT;

	while (at < GRAPH_REJECT) {
		const struct leaf *leaf = &graph->leaf[at];
		size_t base = leaf->is_shifted ? ip_header(packet, bytes) : 0;
		uint64_t value;

		if (!read_field(packet, bytes, base + leaf->test.offset, leaf->test.width,
				&value)) {
			return MATCH_SHORT;
		}
		at = leaf->to[((value & leaf->test.mask) == leaf->test.value) != leaf->is_negated];
	}
	return at == GRAPH_ACCEPT ? MATCH_YES : MATCH_NO;
}

bool
pcap_match(const struct pcap_lowered *lowered, const uint8_t *packet, size_t bytes)
{
	for (uint32_t i = 0; i < lowered->count; i++) {
		if (pcap_match_one(&lowered->filter[i], packet, bytes) == MATCH_YES) {
			return true;
		}
	}
	return false;
}
