/* SPDX-License-Identifier: MIT
 * cap_fast.h: carve of an interval and drop of a capability that nothing hangs on, inline: the two
 * are what every allocator does all day.
 *
 * The short way is for a tree in which cap_is_quiet(): then nobody has to be waited for and nothing
 * can be DYING. Callers: cap.c, revoke.c, and the calls carve and drop.
 */
#ifndef KERN_CAP_FAST_H
#define KERN_CAP_FAST_H

#include "kern/cap.h"
#include "kern/sibling.h"

#define DEPTH_FIELD  (CAP_DEPTH_MASK << CAP_DEPTH_SHIFT)
#define DEPTH_ONE    (1ul << CAP_DEPTH_SHIFT)
#define DEPTH_FULL   ((uint64_t)CAP_DEPTH_MAX << CAP_DEPTH_SHIFT)
#define OBJECT_TYPES (EXO_CAP_TYPES - EXO_CAP_ENV)
_Static_assert(CAP_DEPTH_MAX == 32, "the depth is full when its highest bit is set");

/* Nothing was broken that is not fenced, and nothing is being revoked. */
static inline bool
cap_is_quiet(const struct captree *t)
{
	return !(__atomic_load_n(&t->owed, __ATOMIC_ACQUIRE) | t->broken | t->revocations);
}

/* What every derivation asks of its parent and its slot, but whether the parent is being revoked.
 */
static inline int
derive_check(const struct cap *parent, const struct cap *dst)
{
	if (!slot_is_empty(dst)) {
		return E_SLOT;
	}
	return parent->word & DEPTH_FULL ? E_DEPTH : 0;
}

/* Do `count` names from `start` on lie in parent? For a predicate: does its quota pay for the
 * child's own name and the `count` names that may be derived from it? */
static inline bool
has_range(const struct cap *parent, uint64_t start, uint64_t count)
{
	return cap_is_predicate(parent) ? count < parent->count : cap_holds(parent, start, count);
}

static inline int
authority_check(const struct cap *parent, uint64_t rights, uint64_t badge)
{
	if (rights & ~cap_rights(parent)) {
		return E_RIGHTS;
	}
	return badge && parent->badge ? E_BADGE : 0;
}

static inline int
carve_check(const struct cap *parent, const struct cap *dst, uint64_t start, uint64_t count,
	    uint64_t rights, uint64_t badge)
{
	int error;

	if (!slot_is_empty(dst)) {
		return E_SLOT;
	}
	if ((parent->word & (DEPTH_FULL | CAP_SHARES)) | parent->bindings) {
		return parent->word & DEPTH_FULL ? E_DEPTH : E_BOUND;
	}
	if ((error = authority_check(parent, rights, badge))) {
		return error;
	}
	return has_range(parent, start, count) ? 0 : E_RANGE;
}

/* Commit a carve; the place among the siblings comes before or after. */
static inline void
carve_commit(struct captree *t, struct cap *parent, struct cap *dst, uint64_t rights,
	     uint64_t badge)
{
	uint64_t word = parent->word;
	/* Below a share others still hold the same: no new holder, for whom frames are cleared. */
	uint64_t carve = word & CAP_WHOLE ? t->next_carve++ : parent->carve;
	uint64_t mine = (word & (CAP_TYPE_MASK | CAP_WHOLE | DEPTH_FIELD)) + DEPTH_ONE;

	dst->word |= mine | rights << CAP_RIGHTS_SHIFT;
	dst->badge = parent->badge | badge;
	dst->carve = carve;
	parent->word = word | CAP_POOL;
}

/* cap_carve for a parent that is an interval and not being revoked. *is_torn, which was false:
 * sibling_balance(t, dst) must follow. */
static inline int
cap_carve_interval(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start,
		   uint64_t count, uint64_t rights, uint64_t badge, uint64_t *in_the_way,
		   bool *is_torn)
{
	int error = carve_check(parent, dst, start, count, rights, badge);
	const struct cap *other;

	if (error) {
		return error;
	}
	other = sibling_insert_interval(t, parent, dst, start, count, is_torn);
	if (other) {
		*in_the_way = other->start + other->count;
		return E_TAKEN;
	}
	carve_commit(t, parent, dst, rights, badge);
	return 0;
}

/* Why `frames` cannot become an object. */
int cap_why_no_object(const struct captree *t, const struct cap *frames, const struct cap *dst,
		      uint32_t type);

/* cap_object; all that the flags of `frames` have to say in one comparison. */
static inline int
cap_object_inline(struct captree *t, struct cap *frames, struct cap *dst, uint32_t type)
{
	uint64_t told = CAP_TYPE_MASK | CAP_WHOLE | CAP_POOL | CAP_SHARES | DEPTH_FULL;
	uint64_t word = frames->word;

	if ((word & told) != (CAP_WHOLE | EXO_CAP_FRAME) || frames->bindings || t->revocations ||
	    !slot_is_empty(dst) || type - EXO_CAP_ENV >= OBJECT_TYPES) {
		int error = cap_why_no_object(t, frames, dst, type);

		if (error) {
			return error;
		}
	}
	dst->badge = frames->badge;
	dst->carve = frames->carve;
	dst->start = frames->start;
	dst->count = frames->count;
	slot_fill(dst, dst->word | ((type | EXO_RIGHTS_ALL << CAP_RIGHTS_SHIFT | CAP_OBJECT) +
				    (word & DEPTH_FIELD) + DEPTH_ONE));
	frames->word = word | CAP_POOL;
	sibling_insert_only(t, frames, dst);
	return 0;
}

/* Take c, which has a parent, out of the tree if nobody else has to turn; its slot stays filled. */
static inline bool
cap_unlink_easily(const struct captree *t, struct cap *c)
{
	const struct captree here = {.base = t->base};
	uint32_t up = c->up;

	if (!sibling_remove_easily(&here, c)) {
		return false;
	}
	if (up & CAP_PARENT) {
		struct cap *parent = cap_at(&here, up & ~CAP_PARENT);
		if (!parent->child) {
			parent->word &= ~(CAP_POOL | CAP_SHARES);
		}
	}
	return true;
}

/* The same whoever has to turn. */
static inline void
cap_unlink(struct captree *t, struct cap *c)
{
	if (!cap_unlink_easily(t, c)) {
		sibling_remove(t, c);
	}
}

/* May c go by the short way: not a root, no children, no bindings, no quota to give back? Then
 * cap_unlink, its type's `destroy` if there is one, and slot_empty are all. */
static inline bool
cap_is_idle(const struct cap *c)
{
	return c->up && !(c->child | c->bindings) && !cap_is_predicate(c);
}

#endif
