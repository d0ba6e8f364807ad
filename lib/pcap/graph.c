/* SPDX-License-Identifier: MIT
 * graph.c: see graph.h.
 *
 * Invariants (graph_check): every exit lies behind its leaf and inside the graph, or is accept or
 * reject; so a walk takes at most as many steps as there are leaves.
 */
#include "lib/pcap/graph.h"

#include <stddef.h>

void
graph_add(struct graph *graph, const struct leaf *leaf)
{
	struct leaf *to = &graph->leaf[graph->count];

	if (graph->count == GRAPH_LEAVES_MAX) {
		graph->is_full = true;
		return;
	}
	*to = *leaf;
	to->to[0] = GRAPH_REJECT;
	to->to[1] = GRAPH_ACCEPT;
	graph->count++;
}

/* What left the run [first, second) through `exit` enters the one behind it. */
static void
patch(struct graph *graph, uint32_t first, uint32_t second, uint16_t exit)
{
	if (second == graph->count) {
		return; /* only if the graph is full, and that is refused */
	}
	for (uint32_t i = first; i < second; i++) {
		for (int holds = 0; holds < 2; holds++) {
			uint16_t *to = &graph->leaf[i].to[holds];

			*to = *to == exit ? (uint16_t)second : *to;
		}
	}
}

void
graph_and(struct graph *graph, uint32_t first, uint32_t second)
{
	patch(graph, first, second, GRAPH_ACCEPT);
}

void
graph_or(struct graph *graph, uint32_t first, uint32_t second)
{
	patch(graph, first, second, GRAPH_REJECT);
}

static uint16_t
opposite(uint16_t exit)
{
	return exit == GRAPH_ACCEPT ? GRAPH_REJECT : exit == GRAPH_REJECT ? GRAPH_ACCEPT : exit;
}

void
graph_not(struct graph *graph, uint32_t first)
{
	for (uint32_t i = first; i < graph->count; i++) {
		struct leaf *leaf = &graph->leaf[i];
		uint16_t held = leaf->to[1];

		leaf->is_negated = !leaf->is_negated;
		leaf->to[1] = opposite(leaf->to[0]);
		leaf->to[0] = opposite(held);
	}
}

const char *
graph_check(const struct graph *graph)
{
	for (uint32_t i = 0; i < graph->count; i++) {
		for (int holds = 0; holds < 2; holds++) {
			uint32_t to = graph->leaf[i].to[holds];

			if (to <= i) {
				return "every exit lies behind its leaf";
			}
			if (to >= graph->count && to < GRAPH_REJECT) {
				return "every exit leads to a leaf, or is accept or reject";
			}
		}
	}
	return graph->count > GRAPH_LEAVES_MAX ? "the leaves fit" : NULL;
}
