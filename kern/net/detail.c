/* SPDX-License-Identifier: MIT
 * detail.c: a filter among the merged ones, for users who want to see them.
 *
 * Who may look at a PACKET capability may look at what was derived from it. Looking costs the
 * filter's tests and the filters above it: both are few. Callers: env_detail, with the tree lock.
 * Design: docs/design/filters.md
 */
#include "kern/net/nic_state.h"
#include "kern/net/trie_node.h"

static uint32_t
place(const struct nic *n, const void *what)
{
	return (uint32_t)((uintptr_t)what - (uintptr_t)n->filter);
}

/* Whether filter F is in use and was derived from filter TOP, or is it. */
static bool
is_below(const struct nic *n, uint64_t f, uint64_t top)
{
	for (; f != top; f = n->filter[f].parent) {
		if (!f || !n->filter[f].is_used) {
			return false;
		}
	}
	return true;
}

int
nic_filter_detail(uint64_t above, uint64_t number, struct exo_filter_info *info)
{
	const struct nic *n = nic_of(above);
	const struct nic_filter *f;
	uintptr_t end;

	if (number >= n->fresh) {
		return E_RANGE;
	}
	if (!is_below(n, number, nic_filter_number(above))) {
		return E_NOENT;
	}
	f = &n->filter[number];
	end = f->at.back & ~1ul;
	info->hits = f->hits;
	info->parent = f->parent;
	info->place = place(n, &f->at);
	info->end = end ? place(n, (const void *)end) : 0; /* the whole NIC is in no trie */
	info->is_shared = f->is_shared;
	info->has_ring = f->ring != NULL;
	info->first = end == f->at.back
			      ? EXO_TESTS_MAX + 1
			      : trie_path((const struct trie_node *)end, n->filter, info->test);
	return 0;
}
