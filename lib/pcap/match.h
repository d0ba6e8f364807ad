/* SPDX-License-Identifier: MIT
 * match.h: does a packet match an expression?
 */
#ifndef LIB_PCAP_MATCH_H
#define LIB_PCAP_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/pcap/lower.h"

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_SHORT, /* no: the packet ends before a field, and all before that one matched */
};

/* The expression itself, its comparisons from the left. MATCH_SHORT: it came to a field behind the
 * packet's end. */
enum match pcap_match_graph(const struct graph *graph, const uint8_t *packet, size_t bytes);

/* One filter, as the kernel evaluates it. */
enum match pcap_match_one(const struct pcap_filter *filter, const uint8_t *packet, size_t bytes);

/* Any filter of a lowered expression. */
bool pcap_match(const struct pcap_lowered *lowered, const uint8_t *packet, size_t bytes);

#endif
