/* SPDX-License-Identifier: MIT
 * sibling.h: the children of one capability as a treap. O(log n) expected, no recursion, no
 * allocation.
 */
#ifndef KERN_SIBLING_H
#define KERN_SIBLING_H

#include "kern/cap.h"
#include "lib/base/rand.h"

/* Random bits for a priority, without CAP_FRESH. */
static inline uint32_t
sibling_priority(struct captree *t)
{
	return (uint32_t)(rand_next(&t->seed) >> 32) & ~CAP_FRESH;
}

/* Put c, whose start, flags and priority are set, among the children of parent; take it out again.
 */
void sibling_insert(struct captree *t, struct cap *parent, struct cap *c);
void sibling_remove(struct captree *t, struct cap *c);

/* Put the empty c among the carved children: as [start, start + count), which is not empty; as the
 * predicate `start` with quota `count`. NULL, or a child that has a member in common with it: then
 * nothing has changed. */
const struct cap *sibling_insert_interval(struct captree *t, struct cap *parent, struct cap *c,
					  uint64_t start, uint64_t count);
const struct cap *sibling_insert_predicate(struct captree *t, struct cap *parent, struct cap *c,
					   uint64_t start, uint64_t count);

/* Of the carved children that overlap [start, end) the one highest in the treap, or NULL. */
struct cap *sibling_overlap(const struct captree *t, const struct cap *parent, uint64_t start,
			    uint64_t end);

/* In order: the first child of parent, the one after c; NULL if there is none. */
struct cap *sibling_first(const struct captree *t, const struct cap *parent);
struct cap *sibling_next(const struct captree *t, const struct cap *c);

#endif
