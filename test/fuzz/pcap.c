/* SPDX-License-Identifier: MIT
 * pcap.c: fuzz target: any text is lowered to filters that the kernel takes and that mean what the
 * text does, or is refused with a sentence.
 *
 * The input is an expression, a 0 byte and a packet. The packet is judged by the leaves of the
 * expression as well, one after the other; where it ends before a field they may disagree.
 *
 * links: lib/pcap/parse.c lib/pcap/term.c lib/pcap/value.c lib/pcap/relation.c lib/pcap/lex.c
 * links: lib/pcap/names.c lib/pcap/primitive.c lib/pcap/graph.c lib/pcap/solve.c
 * links: lib/pcap/match.c lib/base/print.c lib/base/disjoint.c kern/net/filter.c
 * links: kern/net/canon.c
 */
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "kern/net/canon.h"
#include "kern/net/filter.h"
#include "lib/pcap/match.h"
#include "test/fuzz/fuzz.h"

#define TEXT_MAX 512

static struct pcap_filter filters[PCAP_FILTERS_MAX];
static struct pcap_lowered lowered = {.filter = filters, .room = PCAP_FILTERS_MAX};

static void
check_filter(const struct pcap_filter *filter)
{
	struct exo_filter kernel = {.receive_atoms = filter->count};
	struct canon canon;
	int status;

	demand(filter->count <= EXO_ATOMS_MAX && filter->plain <= filter->count);
	memcpy(kernel.atoms, filter->atoms, filter->count * sizeof(filter->atoms[0]));
	demand(!filter_check(&kernel));
	status = canon_make(&canon, NULL, 0, filter->atoms, filter->count);
	demand(!status || status == E_LIMIT); /* many fields, each across two words */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	char text[TEXT_MAX];
	size_t length = strnlen((const char *)data, bytes);
	const uint8_t *packet = data + (length < bytes ? length + 1 : bytes);
	size_t packet_bytes = bytes - (size_t)(packet - data);
	enum match match;

	if (length >= sizeof(text)) {
		return 0;
	}
	memcpy(text, data, length);
	text[length] = 0;
	if (pcap_lower(text, mac, &lowered)) {
		demand(lowered.column && lowered.column <= length + 1 && lowered.sentence[0]);
		demand(strnlen(lowered.sentence, sizeof(lowered.sentence)) <
		       sizeof(lowered.sentence));
		return 0;
	}
	demand(!graph_check(&lowered.graph));
	demand(lowered.count >= 1 && lowered.count <= PCAP_FILTERS_MAX);
	for (uint32_t i = 0; i < lowered.count; i++) {
		check_filter(&lowered.filter[i]);
	}
	match = pcap_match_graph(&lowered.graph, packet, packet_bytes);
	demand(match == MATCH_SHORT ||
	       (match == MATCH_YES) == pcap_match(&lowered, packet, packet_bytes));
	return 0;
}
