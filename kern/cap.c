/* SPDX-License-Identifier: MIT
 * cap.c: the tree of capabilities and their bindings: derive, move, trim.
 *
 * A capability lets its holder do RIGHTS to one thing. Each was derived from its parent; the roots
 * are made at boot. sibling.c keeps the children of one in order, revoke.c takes capabilities away
 * again. State:      the slots, the links in shadow frames and objects, and the struct captree of
 * the caller; no globals. Invariants: named in cap_check(). An empty slot is zero but for its
 * generation. Callers:    system calls, boot and the destroyers of objects, with the tree lock
 * held. Pure: builds on the host.
 */
#include "kern/cap.h"
#include "kern/cap_fast.h"
#include "kern/panic.h"
#include "kern/sibling.h"
#include "lib/base/checked.h"

#define GENERATION_MASK (~0ul << CAP_GENERATION_SHIFT)

struct cap *
bind_cap(const struct captree *t, uint32_t id)
{
	while (!(id & BIND_CAP)) {
		id = bind_at(t, id)->prev;
	}
	return cap_at(t, id & ~BIND_CAP);
}

struct cap *
cap_parent(const struct captree *t, const struct cap *c)
{
	uint32_t up = c->up;

	while (up && !(up & CAP_PARENT)) {
		up = cap_at(t, up)->up;
	}
	return up ? cap_at(t, up & ~CAP_PARENT) : NULL;
}

struct cap *
cap_child_from(const struct captree *t, const struct cap *c, uint64_t name)
{
	struct cap *found = NULL;
	uint32_t id = c->word & CAP_POOL ? c->child : 0;

	while (id) {
		struct cap *n = cap_at(t, id);
		if (n->start + (cap_is_predicate(n) ? 1 : n->count) > name) {
			found = n;
			id = n->left;
		} else {
			id = n->right;
		}
	}
	return found;
}

bool
cap_is_below_dying(const struct captree *t, const struct cap *c)
{
	while (c && !(c->word & CAP_DYING)) {
		c = cap_parent(t, c);
	}
	return c != NULL;
}

void
cap_root(struct captree *t, struct cap *c, uint32_t type, uint64_t rights, uint64_t start,
	 uint64_t count)
{
	uint64_t end;

	if (!slot_is_empty(c) || !checked_add_u64(start, count, &end)) {
		panic("cap: root capability in a slot that is not empty, or wrapping around");
	}
	c->word |= type | rights << CAP_RIGHTS_SHIFT | CAP_WHOLE;
	c->start = start;
	c->count = count;
	c->carve = t->next_carve++;
}

/* Commit: the fields that do not tell its place. `fields` = type, rights and flags. */
static inline void
inherit(const struct cap *parent, struct cap *dst, uint64_t fields, uint64_t badge, uint64_t carve)
{
	uint64_t word = dst->word | fields;

	dst->badge = parent->badge | badge;
	dst->carve = carve;
	slot_fill(dst, word + (parent->word & DEPTH_FIELD) + DEPTH_ONE);
}

static int
carve_predicate(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start,
		uint64_t count, uint64_t rights, uint64_t badge)
{
	int error = carve_check(parent, dst, start, count, rights, badge);

	if (error) {
		return error;
	}
	if (sibling_insert_predicate(t, parent, dst, start, count)) {
		return E_TAKEN;
	}
	parent->count -= count + 1;
	carve_commit(t, parent, dst, rights, badge);
	return 0;
}

static int
carve_interval(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start,
	       uint64_t count, uint64_t rights, uint64_t badge, uint64_t *in_the_way)
{
	bool is_torn = false;
	int error = cap_carve_interval(t, parent, dst, start, count, rights, badge, in_the_way,
				       &is_torn);

	if (is_torn) {
		sibling_balance(t, dst);
	}
	return error;
}

int
cap_carve(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start, uint64_t count,
	  uint64_t rights, uint64_t badge, uint64_t *in_the_way)
{
	if (cap_is_revoked(t, parent)) {
		return E_REVOKED;
	}
	if (cap_is_interval(parent)) {
		return carve_interval(t, parent, dst, start, count, rights, badge, in_the_way);
	}
	if (cap_is_object(parent)) {
		return E_TYPE;
	}
	int error = carve_predicate(t, parent, dst, start, count, rights, badge);
	if (error == E_TAKEN) {
		*in_the_way = 0;
	}
	return error;
}

int
cap_share(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start, uint64_t count,
	  uint64_t rights, uint64_t badge)
{
	int error;

	if (cap_is_revoked(t, parent)) {
		return E_REVOKED;
	}
	if ((error = derive_check(parent, dst)) ||
	    (error = authority_check(parent, rights, badge))) {
		return error;
	}
	if (cap_is_object(parent) ? start || count : !has_range(parent, start, count)) {
		return E_RANGE;
	}
	if (parent->word & CAP_POOL && !cap_is_tap(parent, rights)) {
		return E_POOL;
	}
	if (cap_is_object(parent)) {
		start = parent->start;
		count = parent->count;
	} else if (cap_is_predicate(parent)) {
		parent->count -= count + 1;
	}
	uint64_t fields = cap_type(parent) | CAP_SHARED | rights << CAP_RIGHTS_SHIFT;
	dst->start = start;
	dst->count = count;
	inherit(parent, dst, fields, badge, parent->carve);
	parent->word |= cap_is_tap(parent, rights) ? 0 : CAP_SHARES;
	sibling_insert(t, parent, dst);
	return 0;
}

int
cap_object(struct captree *t, struct cap *frames, struct cap *dst, uint32_t type)
{
	return cap_object_inline(t, frames, dst, type);
}

int
cap_why_no_object(const struct captree *t, const struct cap *frames, const struct cap *dst,
		  uint32_t type)
{
	if (cap_type(frames) != EXO_CAP_FRAME || type - EXO_CAP_ENV >= OBJECT_TYPES) {
		return E_TYPE;
	}
	if (!(frames->word & CAP_WHOLE)) {
		return E_WHOLE;
	}
	if (frames->word & CAP_POOL) {
		return E_POOL;
	}
	if (frames->bindings || frames->word & CAP_SHARES) {
		return E_BOUND;
	}
	return cap_is_revoked(t, frames) ? E_REVOKED : derive_check(frames, dst);
}

int
cap_move(struct captree *t, struct cap *c, struct cap *dst)
{
	if (!slot_is_empty(dst)) {
		return E_SLOT;
	}
	if (cap_is_revoked(t, c)) {
		return E_REVOKED;
	}
	uint64_t word = dst->word | (c->word & ~GENERATION_MASK);
	struct cap copy = *c;
	copy.word = dst->word;
	*dst = copy;
	slot_fill(dst, word);
	if (c->child) {
		cap_at(t, c->child)->up = CAP_PARENT | cap_id(t, dst);
	}
	if (c->bindings) {
		bind_at(t, c->bindings)->prev = BIND_CAP | cap_id(t, dst);
	}
	if (c->up) {
		/* Shared siblings are ordered by slot, so the place among them changes as well. */
		struct cap *parent = cap_parent(t, c);
		sibling_remove(t, c);
		sibling_insert(t, parent, dst);
	}
	slot_empty(c);
	return 0;
}

int
cap_trim(struct captree *t, struct cap *c, uint64_t start, uint64_t count)
{
	if (!cap_is_interval(c)) {
		return E_TYPE;
	}
	uint64_t end = c->start + c->count;
	if (!cap_holds(c, start, count) || (start != c->start && start + count != end)) {
		return E_RANGE;
	}
	if (cap_is_revoked(t, c)) {
		return E_REVOKED;
	}
	if (c->bindings || c->word & CAP_SHARES) {
		return E_BOUND;
	}
	if (sibling_overlaps(t, c, c->start, start) || sibling_overlaps(t, c, start + count, end)) {
		return E_POOL;
	}
	c->start = start;
	c->count = count;
	return 0;
}
