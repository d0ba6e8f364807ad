/* SPDX-License-Identifier: MIT
 * merged.c: the filters of a NIC as the kernel has merged them.
 *
 * The kernel tells of each filter its way through the trie of its parent. Nodes that several ways
 * pass are recognized by their place, so the ways become the trie again. A filter that ends where
 * another one does names that one. Between two answers the trie may change: then a node may stand
 * here twice, as it was and as it is.
 */
#include "user/monitor/merged.h"

#include <string.h>

#include "lib/exo/call.h"
#include "user/monitor/tree.h"

#define ITEMS 1024
#define TESTS 4096

static struct {
	uint32_t root;    /* number of the filter above all */
	uint32_t numbers; /* of filters: below this one */
	uint32_t items;
	uint32_t tests;
	struct merged_item item[ITEMS];
	struct exo_filter_test test[TESTS + 1];
	struct merged_item *filter[ITEMS]; /* by number; NULL: none, or not yet */
} merged;

static union exo_detail detail;

/* The capability highest in the tree that names filters of the NIC. */
static const struct tree_cap *
highest(uint32_t nic)
{
	const struct tree_cap *best = NULL;
	bool is_cut;
	uint32_t count = tree_look(&is_cut);

	for (uint32_t i = 0; i < count; i++) {
		const struct tree_cap *cap = tree_at(i);

		if (cap->info.type == EXO_CAP_PACKET && cap->info.start >> EXO_NIC_SHIFT == nic &&
		    (!best || cap->info.depth < best->info.depth)) {
			best = cap;
		}
	}
	return best;
}

static struct merged_item *
item_take(bool is_filter, uint32_t place)
{
	struct merged_item *item = &merged.item[merged.items];

	if (merged.items == ITEMS) {
		return NULL;
	}
	merged.items++;
	*item = (struct merged_item){.is_filter = is_filter, .place = place};
	return item;
}

/* Filters before nodes, and these by the value that leads to them. */
static bool
is_before(const struct merged_item *a, const struct merged_item *b)
{
	const struct exo_filter_test *x = &merged.test[a->first];
	const struct exo_filter_test *y = &merged.test[b->first];

	if (a->is_filter || b->is_filter) {
		return a->is_filter && (!b->is_filter || a->number < b->number);
	}
	return x->offset != y->offset ? x->offset < y->offset
				      : memcmp(&x->value, &y->value, sizeof(x->value)) < 0;
}

static void
hang(struct merged_item *item, struct merged_item *parent)
{
	struct merged_item **at = &parent->child;

	while (*at && is_before(*at, item)) {
		at = &(*at)->next;
	}
	item->parent = parent;
	item->next = *at;
	*at = item;
}

/* Do tests behind these count from behind a shift? */
static bool
is_moved_behind(const struct merged_item *item)
{
	bool is_moved = item->is_moved;

	for (uint32_t i = 0; i < item->tests; i++) {
		is_moved |= merged.test[item->first + i].kind == EXO_TEST_SHIFT;
	}
	return is_moved;
}

/* The node at a place of the trie below `filter`, if it is there already. */
static struct merged_item *
node_find(const struct merged_item *above, uint32_t place)
{
	for (struct merged_item *item = above->child; item; item = item->next) {
		if (!item->is_filter && item->place == place) {
			return item;
		}
	}
	return NULL;
}

/* The next node of a way: the test that leads there, if one does, and what must hold there. *at is
 * behind them afterwards. NULL: no room. */
static struct merged_item *
node_enter(struct merged_item *above, const struct exo_filter_info *info, uint32_t *at)
{
	bool is_led = !above->is_filter;
	uint32_t begin = *at, end = begin + is_led;
	uint32_t place = end < EXO_TESTS_MAX ? info->test[end].node : info->end;
	struct merged_item *node = node_find(above, place);

	while (end < EXO_TESTS_MAX && info->test[end].node == place &&
	       (end + 1 < EXO_TESTS_MAX ? info->test[end + 1].node : info->end) == place) {
		end++;
	}
	*at = end;
	if (node || merged.tests + end - begin > TESTS || !(node = item_take(false, place))) {
		return node;
	}
	node->first = merged.tests;
	node->tests = end - begin;
	node->is_moved = is_moved_behind(above);
	memcpy(&merged.test[merged.tests], &info->test[begin], node->tests * sizeof(info->test[0]));
	merged.tests += node->tests;
	hang(node, above);
	return node;
}

/* The node where the filter at this place ends, if that is here already. */
static struct merged_item *
end_of_other(uint32_t filter_place)
{
	for (uint32_t i = 0; i < merged.items; i++) {
		struct merged_item *item = &merged.item[i];

		if (item->is_filter && item->place == filter_place) {
			return item->parent;
		}
	}
	return NULL;
}

/* Where a filter ends: goes its way below its parent. NULL: not yet, or no room. */
static struct merged_item *
way_end(struct merged_item *parent, const struct exo_filter_info *info)
{
	struct merged_item *node = parent;
	uint32_t at = info->first;

	if (info->first > EXO_TESTS_MAX) {
		return end_of_other(info->end);
	}
	while (node && (node == parent || node->place != info->end)) {
		node = at > EXO_TESTS_MAX ? NULL : node_enter(node, info, &at);
	}
	return node;
}

/* Puts a filter where it belongs. False: its parent, or the one it ends at, is not there yet. */
static bool
place(uint32_t number, const struct exo_filter_info *info)
{
	bool is_root = number == merged.root;
	struct merged_item *parent = info->parent < ITEMS ? merged.filter[info->parent] : NULL;
	struct merged_item *end = parent && !is_root ? way_end(parent, info) : NULL;
	struct merged_item *item = is_root || end ? item_take(true, info->place) : NULL;

	if (!item) {
		return false;
	}
	item->number = number;
	item->hits = info->hits;
	item->is_shared = info->is_shared;
	merged.filter[number] = item;
	if (end) {
		item->is_moved = is_moved_behind(end);
		hang(item, end);
	}
	return true;
}

/* Looks at all filters that have no place yet, up or down: how many got one. Those that end where
 * others do follow each other in either direction. */
static uint32_t
look_once(const struct tree_cap *cap, bool is_down, bool *is_cut)
{
	uint32_t numbers = merged.numbers;
	uint32_t placed = 0;

	*is_cut = numbers == ITEMS;
	for (uint32_t i = 0; i < numbers; i++) {
		uint32_t number = is_down ? numbers - 1 - i : i;
		int64_t result = merged.filter[number]
					 ? E_NOENT
					 : exo_env_detail(cap->env, cap->handle, number, &detail);

		if (result == E_RANGE && !is_down) {
			merged.numbers = numbers = number;
			*is_cut = false;
		} else if (result == 0) {
			bool is_placed = place(number, &detail.filter);

			placed += is_placed;
			*is_cut |= !is_placed;
		}
	}
	return placed;
}

/* A root without tests is no line of its own; it keeps nothing that join_end could move. */
static void
lift_root(struct merged_item *item)
{
	struct merged_item *first = item->child;

	if (item->is_filter && first && !first->tests && !first->next) {
		item->child = first->child;
		first->child = NULL;
	}
}

/* A node where one filter ends is one line with that. */
static void
join_end(struct merged_item *item)
{
	struct merged_item *first = item->child;
	struct merged_item **last;

	if (item->is_filter || !first || !first->is_filter ||
	    (first->next && first->next->is_filter)) {
		return;
	}
	for (last = &first->child; *last; last = &(*last)->next) {
	}
	*last = first->next;
	item->ends = first;
	item->child = first->child;
}

const struct merged_item *
merged_look(uint32_t nic, bool *is_cut)
{
	const struct tree_cap *cap = highest(nic);

	if (!cap) {
		return NULL;
	}
	memset(merged.filter, 0, sizeof(merged.filter));
	merged.root = cap->info.start & ((1u << EXO_NIC_SHIFT) - 1);
	merged.items = 0;
	merged.tests = 0;
	merged.numbers = ITEMS;
	for (bool is_down = false; look_once(cap, is_down, is_cut); is_down = !is_down) {
	}
	for (uint32_t i = 0; i < merged.items; i++) {
		lift_root(&merged.item[i]);
	}
	for (uint32_t i = 0; i < merged.items; i++) {
		join_end(&merged.item[i]);
	}
	return merged.root < ITEMS ? merged.filter[merged.root] : NULL;
}

const struct exo_filter_test *
merged_test(uint32_t n)
{
	return &merged.test[n];
}
