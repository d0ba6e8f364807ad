/* SPDX-License-Identifier: MIT
 * sibling.h: the children of one capability as a treap. O(log n) expected, no recursion, no
 * allocation.
 */
#ifndef KERN_SIBLING_H
#define KERN_SIBLING_H

#include "kern/cap.h"

/* In a priority: nobody has taken it over yet. */
#define SIBLING_SINGLE 1u

/* Random bits. Xorshift as in lib/base/rand.h, but nobody sees these, so they do without the
 * multiplication. */
static inline uint64_t
sibling_random(struct captree *t)
{
	uint64_t x = t->seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	t->seed = x;
	return x;
}

/* A priority of c's own, without CAP_FRESH. */
static inline uint32_t
sibling_priority(struct captree *t)
{
	return (uint32_t)(sibling_random(t) >> 33) | SIBLING_SINGLE;
}

/* Put c, whose start, flags and priority are set, among the children of parent. */
void sibling_insert(struct captree *t, struct cap *parent, struct cap *c);

/* Put the empty c among the carved children as the predicate `start` with quota `count`. NULL, or a
 * child that has a member in common with it: then nothing has changed. */
const struct cap *sibling_insert_predicate(struct captree *t, struct cap *parent, struct cap *c,
					   uint64_t start, uint64_t count);

/* Of the carved children that overlap [start, end) the one highest in the treap, or NULL. */
struct cap *sibling_overlap(const struct captree *t, const struct cap *parent, uint64_t start,
			    uint64_t end);

/* In order: the first child of parent, the one after c; NULL if there is none. */
struct cap *sibling_first(const struct captree *t, const struct cap *parent);
struct cap *sibling_next(const struct captree *t, const struct cap *c);

/* Put c where `link` is, below `up`: every priority above is higher, and what was there is split
 * at c: `is_before(n, c)` goes to its left. Two spines grow inwards, each with its open end. */
static inline __attribute__((always_inline)) void
sibling_attach(struct captree *t, struct cap *c, uint32_t *link, uint32_t up,
	       bool (*is_before)(const struct cap *n, const struct cap *c))
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

static inline bool
sibling_starts_before(const struct cap *a, const struct cap *b)
{
	return a->start < b->start;
}

/* Put c, whose start is set, where a priority of its own belongs: up from n, the sibling below
 * which there is room for it (NULL: it is the first), in two steps on average. */
static inline void
sibling_raise(struct captree *t, struct cap *parent, struct cap *c, struct cap *n)
{
	uint32_t *link = &parent->child;
	uint32_t up = CAP_PARENT | cap_id(t, parent);

	c->priority = sibling_priority(t) | CAP_FRESH;
	while (n && n->priority < c->priority) {
		n = n->up & CAP_PARENT ? NULL : cap_at(t, n->up);
	}
	if (n) {
		link = c->start < n->start ? &n->left : &n->right;
		up = cap_id(t, n);
	}
	sibling_attach(t, c, link, up, sibling_starts_before);
}

/* Put the empty c, whose start is set, below parent, which has no children. */
static inline void
sibling_insert_only(struct captree *t, struct cap *parent, struct cap *c)
{
	c->priority = sibling_priority(t) | CAP_FRESH;
	c->up = CAP_PARENT | cap_id(t, parent);
	parent->child = cap_id(t, c);
}

/* Put the empty c among the carved children as [start, start + count), which is not empty. One way
 * down finds its place or what overlaps it. If the one above has a priority of its own that nobody
 * has taken over, c takes it over and stays there; else it gets its own. NULL, or a child that
 * overlaps it: then nothing has changed. */
static inline const struct cap *
sibling_insert_interval(struct captree *t, struct cap *parent, struct cap *c, uint64_t start,
			uint64_t count)
{
	const struct captree here = {.base = t->base}; /* read once, whatever is written */
	uint64_t end = start + count;
	uint64_t id = parent->child;
	struct cap *n = NULL;
	uint32_t *link = &parent->child;

	for (; id; id = *link) {
		n = cap_at(&here, id);
		if (end <= n->start) {
			link = &n->left;
		} else if (n->start + n->count <= start) {
			link = &n->right;
		} else {
			return n;
		}
	}
	c->start = start;
	c->count = count;
	if (n && !(~n->priority & (CAP_FRESH | SIBLING_SINGLE))) {
		n->priority -= SIBLING_SINGLE;
		c->priority = n->priority;
		c->up = cap_id(&here, n);
		*link = cap_id(&here, c);
	} else {
		sibling_raise(t, parent, c, n);
	}
	return NULL;
}

/* The word that holds c's id: parent's `child` or `left` or `right` of the sibling above. */
static inline uint32_t *
sibling_link(const struct captree *t, const struct cap *c)
{
	struct cap *above = cap_at(t, c->up & ~CAP_PARENT);

	if (c->up & CAP_PARENT) {
		return &above->child;
	}
	return above->left == cap_id(t, c) ? &above->left : &above->right;
}

/* Take c out again. */
static inline void
sibling_remove(struct captree *t, struct cap *c)
{
	const struct captree here = {.base = t->base};
	uint32_t *link = sibling_link(t, c);
	uint64_t up = c->up;
	uint64_t left = c->left, right = c->right;

	while (left && right) {
		struct cap *l = cap_at(&here, left), *r = cap_at(&here, right);
		if (l->priority > r->priority) {
			*link = (uint32_t)left;
			l->up = (uint32_t)up;
			up = left;
			link = &l->right;
			left = *link;
		} else {
			*link = (uint32_t)right;
			r->up = (uint32_t)up;
			up = right;
			link = &r->left;
			right = *link;
		}
	}
	*link = (uint32_t)(left | right);
	if (left | right) {
		cap_at(&here, left | right)->up = (uint32_t)up;
	}
}

#endif
