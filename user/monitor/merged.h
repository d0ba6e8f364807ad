/* SPDX-License-Identifier: MIT
 * merged.h: the filters of a NIC as the kernel has merged them, as a tree of nodes and filters.
 */
#ifndef USER_MONITOR_MERGED_H
#define USER_MONITOR_MERGED_H

#include <stdbool.h>
#include <stdint.h>

#include <exo/detail.h>

struct merged_item {
	struct merged_item *parent; /* NULL: the filter above all */
	struct merged_item *child;  /* the first */
	struct merged_item *next;   /* sibling */
	struct merged_item *ends;   /* node: the one filter that ends here; its children are here */
	bool is_filter;             /* else a node of the trie of the filter above it */
	bool is_moved;              /* node: its tests count from behind a shift */
	bool is_shared;             /* filter */
	uint32_t place;             /* as the kernel tells them apart */
	uint32_t number;            /* filter */
	uint64_t hits;              /* filter */
	uint32_t first;             /* node: its tests, the one that leads to it first */
	uint32_t tests;
};

/* Looks at the filters of NIC `nic`. The one above all others, mostly that of the whole NIC; NULL:
 * none is held by anybody who can be seen. *is_cut: there is no room for all of them. */
const struct merged_item *merged_look(uint32_t nic, bool *is_cut);

/* One of the tests that items name. */
const struct exo_filter_test *merged_test(uint32_t n);

#endif
