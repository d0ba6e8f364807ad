/* SPDX-License-Identifier: MIT
 * graph.h: an expression as a row of tests with two ways out of each.
 *
 * A leaf is one comparison, or its opposite. Where it holds the packet goes on to leaf to[1], else
 * to leaf to[0]; both lie behind the leaf, or are GRAPH_ACCEPT or GRAPH_REJECT. A part of the
 * expression is a run of leaves, entered at its first; the operators below patch the exits of
 * such runs, so neither they nor their readers need a tree or a stack.
 */
#ifndef LIB_PCAP_GRAPH_H
#define LIB_PCAP_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include <exo/atom.h>

#define GRAPH_LEAVES_MAX 256
#define GRAPH_ACCEPT     0xffff
#define GRAPH_REJECT     0xfffe

struct leaf {
	struct exo_atom test; /* a comparison; with mask 0 it always holds */
	bool is_shifted;      /* its offset counts from the end of the IPv4 header, plus 14 */
	bool is_negated;
	uint16_t to[2];
	uint32_t column; /* of the text it comes from */
};

struct graph {
	uint32_t count;
	bool is_full; /* a leaf found no room */
	struct leaf leaf[GRAPH_LEAVES_MAX];
};

/* Appends a leaf that accepts where the test holds. */
void graph_add(struct graph *graph, const struct leaf *leaf);

/* Joins the parts [first, second) and [second, end). */
void graph_and(struct graph *graph, uint32_t first, uint32_t second);
void graph_or(struct graph *graph, uint32_t first, uint32_t second);

/* Turns the part [first, end) into its opposite: De Morgan, leaf by leaf. */
void graph_not(struct graph *graph, uint32_t first);

/* The invariant: a name of what does not hold, or a null pointer. */
const char *graph_check(const struct graph *graph);

#endif
