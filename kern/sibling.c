/* SPDX-License-Identifier: MIT
 * sibling.c: the children of one capability as a treap.
 *
 * A treap is a search tree, here by start (carved children) or by slot (shared ones), that is at
 * the same time a heap by random priorities. So it stays O(log n) deep, whatever the users do, and
 * neither insertion nor removal needs rules for balance. State:      the fields up, left, right,
 * priority of the slots and `child` of their parent. Invariants: order, heap, and each link down
 * has its link up; see cap_check(). Callers:    cap.c, revoke.c and cap_check.c, with the tree lock
 * held. Pure: builds on the host.
 */
#include "kern/sibling.h"

static bool
is_before(const struct cap *a, const struct cap *b)
{
	return a->word & CAP_SHARED ? a < b : a->start < b->start;
}

/* The word that holds c's id: parent's `child` or `left` or `right` of the sibling above. */
static uint32_t *
sibling_link(const struct captree *t, const struct cap *c)
{
	struct cap *above = cap_at(t, c->up & ~CAP_PARENT);

	if (c->up & CAP_PARENT) {
		return &above->child;
	}
	return above->left == cap_id(t, c) ? &above->left : &above->right;
}

/* Put c where `link` is, below `up`: every priority above is higher, and what was there is split
 * at c. Two spines grow inwards, each with its open end. */
static inline void
attach(struct captree *t, struct cap *c, uint32_t *link, uint32_t up)
{
	uint32_t id = cap_id(t, c);
	uint64_t below = *link;
	uint32_t *left = &c->left, *right = &c->right;
	uint64_t left_up = id, right_up = id;

	*link = id;
	c->up = up;
	while (below) {
		struct cap *n = cap_at(t, below);
		if (is_before(n, c)) {
			*left = below;
			n->up = left_up;
			left_up = below;
			left = &n->right;
			below = *left;
		} else {
			*right = below;
			n->up = right_up;
			right_up = below;
			right = &n->left;
			below = *right;
		}
	}
	*left = 0;
	*right = 0;
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
	attach(t, c, link, up);
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

/* Among the siblings from `id` down: the highest one that overlaps [start, end), or NULL. */
static struct cap *
overlap_below(const struct captree *t, uint64_t id, uint64_t start, uint64_t end)
{
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

const struct cap *
sibling_insert_interval(struct captree *t, struct cap *parent, struct cap *c, uint64_t start,
			uint64_t count)
{
	uint64_t end = start + count;
	uint32_t priority = sibling_priority(t) | CAP_FRESH;
	uint32_t *link = &parent->child;
	uint64_t up = CAP_PARENT | cap_id(t, parent);
	uint64_t id;

	while ((id = *link)) {
		struct cap *n = cap_at(t, id);
		if (n->priority < priority) {
			break;
		}
		if (end <= n->start) {
			link = &n->left;
		} else if (n->start + n->count <= start) {
			link = &n->right;
		} else {
			return n;
		}
		up = id;
	}
	const struct cap *other = overlap_below(t, id, start, end);
	if (other) {
		return other;
	}
	c->start = start;
	c->count = count;
	c->priority = priority;
	attach(t, c, link, (uint32_t)up);
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

void
sibling_remove(struct captree *t, struct cap *c)
{
	uint32_t *link = sibling_link(t, c);
	uint32_t up = c->up;
	uint32_t left = c->left, right = c->right;

	while (left && right) {
		struct cap *l = cap_at(t, left), *r = cap_at(t, right);
		if (l->priority > r->priority) {
			*link = left;
			l->up = up;
			up = left;
			link = &l->right;
			left = *link;
		} else {
			*link = right;
			r->up = up;
			up = right;
			link = &r->left;
			right = *link;
		}
	}
	*link = left | right;
	if (*link) {
		cap_at(t, *link)->up = up;
	}
}

struct cap *
sibling_overlap(const struct captree *t, const struct cap *parent, uint64_t start, uint64_t end)
{
	return overlap_below(t, parent->child, start, end);
}
