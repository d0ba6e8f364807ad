/* SPDX-License-Identifier: MIT
 * revoke.c: take capabilities away, in bounded steps.
 *
 * State:      flags CAP_DYING, CAP_LEAVING, CAP_STUCK, CAP_TURN; the count t->revocations; no
 *             globals.
 * Invariants: the argument below. cap_check() holds after every step.
 * Callers:    system calls and the destroyers of objects, with the tree lock held. Pure: builds on
 *             the host.
 */
#include "kern/cap.h"
#include "kern/cap_fast.h"
#include "kern/panic.h"
#include "kern/sibling.h"

#define UNBIND_MAX 4 /* bindings looked at in one step, of up to 350 instructions each */
#define COST_LOOK  3 /* at one, in units of captree.work */

/* Why revocation ends, takes everything, and takes it only when nobody can still use it.
 *
 * Nothing outruns it. The first step marks a capability DYING: c itself, or with a range the
 * overlapping carved child that is being worked on. While any mark stands (t->revocations), carve,
 * share, bind, move and trim refuse whatever has a mark on its path to the root. So below a mark
 * there is only ever less. A mark that means "it goes itself" (drop, or a range) is LEAVING too: a
 * revoke of that capability by its own holder, which ends by taking the mark off again, leaves
 * those alone.
 *
 * Every step finds its work again in the tree: from the top, which is c or that child, down to one
 * childless capability. It breaks up to UNBIND_MAX bindings of that, or removes it when it has
 * none. A caller may stop, start again, die, or share the work with another.
 *
 * What waits for a device (E_BUSY) must not hide the rest. Each has a bit CAP_TURN, and that of its
 * place among its siblings, in `mark`, differs from its parent's when all that stand at that place
 * or below it among the siblings have been found waiting: "done". So a step goes where something is
 * not done, and does what is below another first; it takes as many looks as the tree is high. When
 * all children of one are done, its own bindings are tried, its turn becomes the other one, so that
 * its children are not done any more, and it is done itself. What is new joins what it comes below;
 * when siblings are turned or one takes the place of another, at most the few that move are tried
 * again. Thus each step unbinds, or removes, or finds one more done, and only the first two, of
 * which there is a finite amount, may undo a little of the third.
 *
 * Nor can somebody who revokes further below hold that up. He makes others done as well, and no
 * turn changes but with the one whose children it is about becoming done; only at the top of a
 * revocation it changes alone, when a new round begins, and there only if nobody revokes further
 * above. (Two with the same handle may well make each other's calls longer.)
 *
 * When all at the top are done, it is STUCK as long as its mark stands. Then each step tries one
 * more, the next time another, and if that waits, the answer is E_BUSY. So E_BUSY means that the
 * one just tried waits, and that all others waited when they were last tried since the mark was
 * set, or before, if others had stopped half way. (It may come early when more than UNBIND_MAX
 * bindings on one path wait, or when what stood above a waiting one became free since.) A range has
 * one top after the other, so its caller keeps how far it has come.
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
		c->word &= ~(CAP_DYING | CAP_STUCK);
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

/* --- whose turn it is --------------------------------------------------------------------- */
/* Have c and all below it among its siblings been found waiting in this round? */
static bool
is_done(const struct cap *parent, const struct cap *c)
{
	return (c->mark ^ parent->word) & CAP_TURN;
}

static bool
all_done(const struct captree *t, const struct cap *parent)
{
	return is_done(parent, cap_at(t, parent->child));
}

/* The child of parent to be tried next: all below it among its siblings are done. */
static struct cap *
next_child(const struct captree *t, const struct cap *parent)
{
	struct cap *c = cap_at(t, parent->child);

	for (;;) {
		bool is_left = c->left && !is_done(parent, cap_at(t, c->left));
		uint32_t id = is_left ? c->left : c->right;
		if (!id || is_done(parent, cap_at(t, id))) {
			return c;
		}
		c = cap_at(t, id);
	}
}

/* c, which next_child() said, waits, and so do its children. */
static void
set_done(struct cap *parent, struct cap *c)
{
	c->mark = (c->mark & SIBLING_RED) | (~parent->word & CAP_TURN);
	if (c->child) {
		c->word ^= CAP_TURN;
	}
}

/* The one below top to be tried next. Childless, or as long as top is not STUCK one whose children
 * are done already. */
static struct cap *
next_below(struct captree *t, struct cap *top)
{
	struct cap *c = top;

	do {
		c = next_child(t, c);
		if (c->child && all_done(t, c)) {
			if (!(top->word & CAP_STUCK)) {
				return c;
			}
			c->word ^= CAP_TURN;
		}
	} while (c->child);
	return c;
}

/* All children of top are done: a new round, unless somebody who revokes further above counts on
 * their being done. */
static void
begin_round(struct captree *t, struct cap *top)
{
	if (cap_is_below_dying(t, cap_parent(t, top))) {
		top->word |= CAP_STUCK;
	} else {
		top->word ^= CAP_TURN;
	}
}

/* --- steps -------------------------------------------------------------------------------- */
/* c, below top, waits: it is done, and perhaps all are, then those above it. False if not, or if
 * something above could be unbound. */
static bool
give_up(struct captree *t, struct cap *top, struct cap *c, int looks)
{
	struct cap *parent = cap_parent(t, c);

	set_done(parent, c);
	while (parent != top && all_done(t, parent)) {
		c = parent;
		if (unbind_some(t, c, &looks) == CAP_AGAIN) {
			return false;
		}
		parent = cap_parent(t, c);
		set_done(parent, c);
	}
	if (all_done(t, top)) {
		top->word |= CAP_STUCK;
	}
	return top->word & CAP_STUCK;
}

/* One step towards the end of everything below top. CAP_AGAIN or E_BUSY. */
static int
step_below(struct captree *t, struct cap *top)
{
	int looks = UNBIND_MAX;

	if (all_done(t, top)) {
		begin_round(t, top);
	}
	struct cap *c = next_below(t, top);
	int result = unbind_some(t, c, &looks);
	if (result == CAP_AGAIN) {
		return CAP_AGAIN;
	}
	if (result == 0 && !c->child) {
		return cap_settled(t) ? take(t, c) : CAP_AGAIN;
	}
	return give_up(t, top, c, looks) && result == E_BUSY ? E_BUSY : CAP_AGAIN;
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
		return step_below(t, c);
	}
	return result == 0 && !cap_settled(t) ? CAP_AGAIN : result;
}

/* The first carved child of c that overlaps [start, end), or NULL. */
static struct cap *
first_in(const struct captree *t, const struct cap *c, uint64_t start, uint64_t end)
{
	struct cap *child = cap_child_from(t, c, start);

	return child && child->start < end ? child : NULL;
}

/* The children in the range one after the other; *from tells where the last that waited ends. */
static int
step_range(struct captree *t, struct cap *c, uint64_t start, uint64_t count, uint64_t *from)
{
	if (!cap_is_interval(c) || !cap_holds(c, start, count) || c->word & CAP_SHARES) {
		return E_RANGE;
	}
	uint64_t end = start + count;
	struct cap *child = first_in(t, c, *from > start ? *from : start, end);
	child = child ? child : first_in(t, c, start, end);
	if (!child) {
		return cap_settled(t) ? 0 : CAP_AGAIN;
	}
	mark(t, child, CAP_LEAVING);
	int result = step_whole(t, child);
	if (result == 0) {
		return take(t, child);
	}
	if (result == E_BUSY) {
		*from = child->start + child->count;
		bool is_last = !first_in(t, c, *from, end);
		*from = is_last ? 0 : *from;
		return is_last ? E_BUSY : CAP_AGAIN;
	}
	return result;
}

int
cap_revoke_step(struct captree *t, struct cap *c, uint64_t start, uint64_t count, uint64_t *from)
{
	if (count) {
		return step_range(t, c, start, count, from);
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
