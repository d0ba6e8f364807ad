/* SPDX-License-Identifier: MIT
 * match.c: does a packet match a lowered expression? As the kernel does it (kern/net/filter.c).
 */
#include "lib/pcap/match.h"

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
