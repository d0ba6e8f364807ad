/* SPDX-License-Identifier: MIT
 * lower.h: a filter in the syntax of tcpdump (pcap-filter(7)) lowered to atoms (exo/atom.h).
 *
 * An expression becomes a list of filters, each a conjunction of atoms; a packet matches the
 * expression if it matches one of them. What cannot be said that way is refused with the column
 * and the reason. docs/pcap.md lists what is understood and where the meaning differs from
 * libpcap's. No allocation, no state but in the struct.
 */
#ifndef LIB_PCAP_LOWER_H
#define LIB_PCAP_LOWER_H

#include <exo/atom.h>

#include "lib/pcap/graph.h"

#define PCAP_FILTERS_MAX    128 /* as much room as anybody should need */
#define PCAP_SENTENCE_BYTES 192

/* A conjunction of atoms; without atoms every packet matches. The first `plain` stand before the
 * shift over the IPv4 header, if there is one. */
struct pcap_filter {
	uint32_t count;
	uint32_t plain;
	uint32_t next; /* solve.c: the leaf that is asked next */
	struct exo_atom atoms[EXO_ATOMS_MAX];
};

/* Before the call: where the filters go and how many there may be, also on the way. */
struct pcap_lowered {
	struct pcap_filter *filter;
	uint32_t room;
	uint32_t count;  /* of filter[]; at least 1 when the expression was accepted */
	uint32_t column; /* when it was refused: where in the text, counted from 1 */
	char sentence[PCAP_SENTENCE_BYTES]; /* and why */
	struct graph graph;                 /* in between */
};

/* Reads `text` into out->graph, which match.h can ask about packets. As pcap_lower, but what only
 * takes too many filters is not refused; filter and room are not used. */
int pcap_parse(const char *text, const uint8_t mac[6], struct pcap_lowered *out);

/* Lowers `text`, any string that ends with a 0 byte; an empty one matches every packet. `mac` is
 * what "nic" stands for as an Ethernet address, or a null pointer where there is no such word.
 * 0, or E_INVAL with `column` and `sentence` set. */
int pcap_lower(const char *text, const uint8_t mac[6], struct pcap_lowered *out);

/* Says why `text` is refused at `column`: for the parts of this library. */
int pcap_refuse(struct pcap_lowered *out, uint32_t column, const char *why, ...)
	__attribute__((format(printf, 3, 4)));

#endif
