/* SPDX-License-Identifier: MIT
 * sibling.c: the children of one capability as a treap.
 *
 * A treap is a search tree, here by start (carved children) or by slot (shared ones), that is at
 * the same time a heap by random priorities. So it stays O(log n) deep, whatever the users do, and
 * neither insertion nor removal needs rules for balance.
 *
 * To turn nothing half of the time, a carved child takes over the priority of the one it comes
 * below, unless somebody did so before: never more than two share one. So nobody who finds out by
 * the cost who shares, and drops the others, gets a list; the paths are at most twice as long.
 *
 * State:      the fields up, left, right, priority of the slots and `child` of their parent.
 * Invariants: order, heap, and each link down has its link up; see cap_check().
 * Callers:    cap.c, revoke.c and cap_check.c, with the tree lock held. Pure: builds on the host.
 */
#include "kern/sibling.h"

static bool
is_before(const struct cap *a, const struct cap *b)
{
	return a->word & CAP_SHARED ? a < b : a->start < b->start;
}

void
sibling_insert(struct captree *t, struct cap *parent, struct cap *c)
{
	uint32_t *link = &parent->child;
	uint32_t up = CAP_PARENT | cap_id(t, parent);

	while (*link) {
		struct cap *n = cap_at(t, *link);
		if (n->priority < c->priority) {
			break;
		}
		up = *link;
		link = is_before(c, n) ? &n->left : &n->right;
	}
	sibling_attach(t, c, link, up, is_before);
}

struct cap *
sibling_first(const struct captree *t, const struct cap *parent)
{
	struct cap *found = NULL;

	for (uint32_t id = parent->child; id; id = found->left) {
		found = cap_at(t, id);
	}
	return found;
}

struct cap *
sibling_next(const struct captree *t, const struct cap *c)
{
	if (c->right) {
		struct cap *n = cap_at(t, c->right);
		while (n->left) {
			n = cap_at(t, n->left);
		}
		return n;
	}
	while (c->up && !(c->up & CAP_PARENT)) {
		struct cap *above = cap_at(t, c->up);
		if (above->left == cap_id(t, c)) {
			return above;
		}
		c = above;
	}
	return NULL;
}

const struct cap *
sibling_insert_predicate(struct captree *t, struct cap *parent, struct cap *c, uint64_t start,
			 uint64_t count)
{
	const struct cap candidate = {.word = cap_type(parent), .start = start, .count = count};

	for (const struct cap *s = sibling_first(t, parent); s; s = sibling_next(t, s)) {
		if (!t->types[cap_type(parent)].is_disjoint(t, &candidate, s)) {
			return s;
		}
	}
	c->start = start;
	c->count = count;
	c->priority = sibling_priority(t) | CAP_FRESH;
	sibling_insert(t, parent, c);
	return NULL;
}

struct cap *
sibling_overlap(const struct captree *t, const struct cap *parent, uint64_t start, uint64_t end)
{
	uint64_t id = parent->child;

	while (id) {
		struct cap *n = cap_at(t, id);
		if (end <= n->start) {
			id = n->left;
		} else if (n->start + n->count <= start) {
			id = n->right;
		} else {
			return n;
		}
	}
	return NULL;
}
