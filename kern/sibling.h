/* SPDX-License-Identifier: MIT
 * sibling.h: the children of one capability as a red-black tree. O(log n), no recursion, no
 * allocation.
 */
#ifndef KERN_SIBLING_H
#define KERN_SIBLING_H

#include "kern/cap.h"

/* In `mark`, besides CAP_TURN: the colour. */
#define SIBLING_RED 0x80000000u

static inline bool
sibling_is_red(const struct cap *c)
{
	return (int32_t)c->mark < 0;
}

/* The child of parent that overlaps [start, end) and was met first, or NULL: then *above is the one
 * below which there is room for it, or NULL if parent has no children. */
static inline struct cap *
sibling_place(const struct captree *t, const struct cap *parent, uint64_t start, uint64_t end,
	      struct cap **above)
{
	uint64_t id = parent->child;
	struct cap *n = NULL;

	while (id) {
		n = cap_at(t, id);
		if (end <= n->start) {
			id = n->left;
		} else if (n->start + n->count <= start) {
			id = n->right;
		} else {
			return n;
		}
	}
	*above = n;
	return NULL;
}

/* Hang c, whose left and right are 0, on one side of `above` (NULL: it becomes the first child). It
 * is red there, so no way gets longer than the others; but sibling_balance() must follow if the one
 * above is red as well. */
static inline void
sibling_hang(const struct captree *t, struct cap *parent, struct cap *c, struct cap *above,
	     bool is_right)
{
	if (above) {
		c->mark = above->mark | SIBLING_RED;
		c->up = cap_id(t, above);
		above->side[is_right] = cap_id(t, c);
	} else {
		parent->child = cap_id(t, c);
		c->up = CAP_PARENT | cap_id(t, parent);
		c->mark = (uint32_t)parent->word & CAP_TURN;
	}
}

/* Put the empty c below parent, which has no children. */
static inline void
sibling_insert_only(const struct captree *t, struct cap *parent, struct cap *c)
{
	sibling_hang(t, parent, c, NULL, false);
}

/* Put the empty c among the carved children as [start, start + count), which is not empty. NULL, or
 * a child that overlaps it: then nothing has changed. *is_torn: sibling_balance() must follow. */
static inline const struct cap *
sibling_insert_interval(struct captree *t, struct cap *parent, struct cap *c, uint64_t start,
			uint64_t count, bool *is_torn)
{
	const struct captree here = {.base = t->base}; /* read once, whatever is written */
	struct cap *above;
	const struct cap *other = sibling_place(&here, parent, start, start + count, &above);

	if (other) {
		return other;
	}
	*is_torn = above && sibling_is_red(above);
	sibling_hang(&here, parent, c, above, above && start > above->start);
	c->start = start;
	c->count = count;
	return NULL;
}

/* Put right what hanging c below a red one has torn: at most two turns. */
void sibling_balance(struct captree *t, struct cap *c);

/* Put c, whose start and flags are set, among the children of parent. */
void sibling_insert(struct captree *t, struct cap *parent, struct cap *c);

/* Put the empty c among the carved children as the predicate `start` with quota `count`. NULL, or a
 * child that has a member in common with it: then nothing has changed. */
const struct cap *sibling_insert_predicate(struct captree *t, struct cap *parent, struct cap *c,
					   uint64_t start, uint64_t count);

/* Does a carved child overlap [start, end)? */
static inline bool
sibling_overlaps(const struct captree *t, const struct cap *parent, uint64_t start, uint64_t end)
{
	struct cap *above;

	return sibling_place(t, parent, start, end, &above);
}

/* In order: the first child of parent, the one after c; NULL if there is none. */
struct cap *sibling_first(const struct captree *t, const struct cap *parent);
struct cap *sibling_next(const struct captree *t, const struct cap *c);

/* The word that holds `id`, whose `up` this is: the parent's `child` or a side of the one above. */
static inline uint32_t *
sibling_link_to(const struct captree *t, uint32_t id, uint32_t up)
{
	struct cap *above = cap_at(t, up & ~CAP_PARENT);

	return up & CAP_PARENT ? &above->child : &above->side[above->right == id];
}

static inline uint32_t *
sibling_link(const struct captree *t, const struct cap *c)
{
	return sibling_link_to(t, cap_id(t, c), c->up);
}

/* Take c out again if nobody else has to turn: true. So it is with what has just been carved.
 * Either there is nothing below c and no way gets shorter, or what takes its place is a red one,
 * right of it and with nothing below. */
static inline bool
sibling_remove_easily(const struct captree *t, struct cap *c)
{
	uint32_t left = c->left, right = c->right;
	struct cap *next = cap_at(t, right);

	if (left | right) {
		if (!left || !right || next->left || !sibling_is_red(next)) {
			return false;
		}
		next->left = left;
		cap_at(t, left)->up = right;
		next->mark = c->mark;
		next->up = c->up;
	} else if (!sibling_is_red(c) && !(c->up & CAP_PARENT)) {
		return false;
	}
	*sibling_link(t, c) = right;
	return true;
}

/* Take c out again: at most three turns. */
void sibling_remove(struct captree *t, struct cap *c);

#endif
