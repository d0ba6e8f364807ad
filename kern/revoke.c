/* SPDX-License-Identifier: MIT
 * revoke.c: take capabilities away, in bounded steps.
 *
 * State:      flags CAP_DYING and CAP_LEAVING, CAP_FRESH, and the count t->revocations; no globals.
 * Invariants: the argument below. cap_check() holds after every step.
 * Callers:    system calls and the destroyers of objects, with the tree lock held. Pure: builds on
 * the host.
 */
#include "kern/cap.h"
#include "kern/cap_fast.h"
#include "kern/panic.h"
#include "kern/sibling.h"

#define UNBIND_MAX 8 /* bindings looked at in one step */
#define COST_LOOK  3 /* at one, in units of captree.work */

/* Halved below this a priority is drawn again: few different ones would make the treap a list. */
#define PRIORITY_LOW 0x1000u

/* Why revocation ends, takes everything, and takes it only when nobody can still use it.
 *
 * Nothing outruns it. The first step marks a capability DYING: c itself, or with a range the
 * overlapping carved child that is being worked on. While any mark stands (t->revocations), carve,
 * share, bind, move and trim refuse whatever has a mark on its path to the root. So below a mark
 * there is only ever less. A mark that means "it goes itself" (drop, or a range) is LEAVING too: a
 * revoke of that capability by its own holder, which ends by taking the mark off again, leaves
 * those alone.
 *
 * Every step finds its work again from (c, start, count): the highest node of the treap below, its
 * treap's root, and so on down to a childless one, at most CAP_DEPTH_MAX nodes. It breaks up to
 * UNBIND_MAX bindings of that, or removes it when it has none. No state is carried from call to
 * call, so a caller may stop, start again, die, or share the work with another.
 *
 * What waits for a device (E_BUSY) must not hide the rest. Its priority is halved, so it goes back
 * in its treap, below all that still have CAP_FRESH. When it was not fresh before, none of its
 * siblings is; then its parent's own bindings are broken, and the parent goes back in the same
 * way. Each step thus unbinds, removes, or takes a CAP_FRESH, and of each there is a finite
 * amount. When the topmost candidate is not fresh and waits, so did everything else when it was
 * last looked at: the answer is E_BUSY. (It may come early when more than UNBIND_MAX bindings on
 * one path wait, or when something was made below after a revocation that gave up.) The next call
 * tries another one first.
 *
 * A capability leaves the tree only when no TLB can hold what was bound through it: unbind sets
 * t->broken, and nothing leaves before the caller has fenced and cleared it, and before
 * t->fenced() says that no other hart's older fence is owed. On E_BUSY revoke takes its mark off c
 * again; what drop and ranges have marked stays marked until somebody tries again.
 */
static void
mark(struct captree *t, struct cap *c, uint64_t flags)
{
	if (!(c->word & CAP_DYING)) {
		t->revocations++;
	}
	c->word |= CAP_DYING | flags;
}

static void
unmark(struct captree *t, struct cap *c)
{
	if ((c->word & (CAP_DYING | CAP_LEAVING)) == CAP_DYING) {
		c->word &= ~CAP_DYING;
		t->revocations--;
	}
}

/* Take the childless, unbound c out of the tree and out of its slot. */
static void
cap_remove(struct captree *t, struct cap *c)
{
	c->word &= ~CAP_LEAVING;
	unmark(t, c);
	if (cap_is_predicate(c) && c->up) {
		cap_parent(t, c)->count += c->count + 1;
	}
	if (c->up) {
		cap_unlink(t, c);
	}
	if (t->types[cap_type(c)].destroy) {
		t->types[cap_type(c)].destroy(t, c);
	}
	slot_empty(c);
}

/* Take the childless, unbound c from whoever holds it. */
static int
take(struct captree *t, struct cap *c)
{
	if (t->lost) {
		t->lost(t, c);
	}
	cap_remove(t, c);
	return CAP_AGAIN;
}

/* 0 = c has no bindings; CAP_AGAIN = broke some; E_BUSY = those it looked at wait for a device.
 * Looks at no more than *looks. */
static int
unbind_some(struct captree *t, struct cap *c, int *looks)
{
	int (*unbind)(struct captree *, struct cap *, uint32_t) = t->types[cap_type(c)].unbind;
	uint32_t id = c->bindings;
	int result = id ? E_BUSY : 0;

	if (id && !unbind) {
		panic("cap: a capability of type %u is bound", cap_type(c));
	}
	for (; id && *looks; --*looks) {
		t->work += COST_LOOK;
		uint32_t next = bind_at(t, id)->next & ~BIND_WRITABLE;
		if (unbind(t, c, id) != E_BUSY) {
			result = CAP_AGAIN;
		}
		id = next;
	}
	return result;
}

/* Put c behind its fresh siblings. Returns true if it was one itself. */
static bool
put_back(struct captree *t, struct cap *c, struct cap *parent)
{
	bool was_fresh = c->priority & CAP_FRESH;

	sibling_remove(t, c);
	c->priority >>= 1;
	if (c->priority < PRIORITY_LOW) {
		c->priority = sibling_priority(t);
	}
	sibling_insert(t, parent, c);
	return was_fresh;
}

/* One step towards the end of `top`, a child of what is being revoked, and of everything below.
 * CAP_AGAIN or E_BUSY. */
static int
step_below(struct captree *t, struct cap *top)
{
	int looks = UNBIND_MAX;
	struct cap *c = top;

	while (c->child) {
		c = cap_at(t, c->child);
	}
	for (;;) {
		int result = unbind_some(t, c, &looks);
		if (result == CAP_AGAIN) {
			return CAP_AGAIN;
		}
		if (result == 0 && !c->child) {
			return cap_settled(t) ? take(t, c) : CAP_AGAIN;
		}
		struct cap *parent = cap_parent(t, c);
		if (put_back(t, c, parent)) {
			return CAP_AGAIN;
		}
		if (c == top || !looks) {
			return E_BUSY;
		}
		c = parent;
	}
}

/* One step towards c having neither children nor bindings. 0 = it has none, and nobody uses one
 * any more. */
static int
step_whole(struct captree *t, struct cap *c)
{
	int looks = UNBIND_MAX;
	int result = unbind_some(t, c, &looks);

	if (result == CAP_AGAIN) {
		return result;
	}
	if (c->child) {
		return step_below(t, cap_at(t, c->child));
	}
	return result == 0 && !cap_settled(t) ? CAP_AGAIN : result;
}

static int
step_range(struct captree *t, struct cap *c, uint64_t start, uint64_t count)
{
	if (!cap_is_interval(c) || !cap_holds(c, start, count) || c->word & CAP_SHARES) {
		return E_RANGE;
	}
	struct cap *child = sibling_overlap(t, c, start, start + count);
	if (!child) {
		return cap_settled(t) ? 0 : CAP_AGAIN;
	}
	mark(t, child, CAP_LEAVING);
	return step_below(t, child);
}

int
cap_revoke_step(struct captree *t, struct cap *c, uint64_t start, uint64_t count)
{
	if (count) {
		return step_range(t, c, start, count);
	}
	mark(t, c, 0);
	int result = step_whole(t, c);
	if (result != CAP_AGAIN) {
		unmark(t, c);
	}
	return result;
}

void
cap_hold(struct captree *t, struct cap *c)
{
	mark(t, c, 0);
}

int
cap_drop_step(struct captree *t, struct cap *c)
{
	if (c->child || c->bindings || !cap_settled(t)) {
		mark(t, c, CAP_LEAVING);
		int result = step_whole(t, c);
		if (result) {
			return result;
		}
	}
	cap_remove(t, c);
	return 0;
}
