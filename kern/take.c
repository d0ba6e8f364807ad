/* SPDX-License-Identifier: MIT
 * take.c: revoke, drop and trim on behalf of an environment.
 *
 * State:      e->unfinished: the call that e was in the middle of, if it takes several steps.
 * Invariants: a capability that is marked DYING by a call of e's is named there until it is done,
 *             or until e loses its capability space.
 * Callers:    kern/sys, the burial of e. Tree lock held.
 */
#include "kern/take.h"
#include "kern/cspace.h"
#include "kern/kernel.h"
#include "kern/object.h"
#include "lib/base/checked.h"

/* Revoke what lies outside [start, start + count), then shrink. A megapage of which it keeps a part
 * must not stand in the way of who gets the rest. */
static int
trim_step(struct captree *t, struct cap *c, uint64_t start, uint64_t count, uint64_t *from)
{
	uint64_t end = c->start + c->count;
	int result = 0;

	if (!range_within(start - c->start, count, c->count)) {
		return E_RANGE;
	}
	if (c->child && start > c->start) {
		result = cap_revoke_step(t, c, c->start, start - c->start, from);
	}
	if (!result && c->child && start + count < end) {
		result = cap_revoke_step(t, c, start + count, end - start - count, from);
	}
	result = result ? result : cap_trim(t, c, start, count);
	if (!result && cap_type(c) == EXO_CAP_FRAME) {
		frame_divide(t, start);
		frame_divide(t, start + count);
	}
	return result;
}

static int
step(struct env *e, enum take what, struct cap *c, uint64_t start, uint64_t count)
{
	struct captree *t = &e->kernel->tree;
	uint64_t *from = &e->unfinished.from;

	switch (what) {
	case TAKE_REVOKE:
		return cap_revoke_step(t, c, start, count, from);
	case TAKE_DROP:
		return cap_drop_step(t, c);
	default:
		return trim_step(t, c, start, count, from);
	}
}

static bool
goes_on(const struct env *e, enum take what, exo_handle capability, uint64_t start, uint64_t count)
{
	return e->unfinished_what == what && e->unfinished.handle == capability &&
	       e->unfinished.start == start && e->unfinished.count == count;
}

int
take_step(struct env *e, enum take what, exo_handle capability, uint64_t start, uint64_t count)
{
	struct cap *c = cspace_lookup(e->cspace, capability);

	if (!goes_on(e, what, capability, start, count)) {
		e->unfinished.from = 0;
	}
	int result = c ? step(e, what, c, start, count) : E_HANDLE;

	e->unfinished_what = result == CAP_AGAIN ? what : 0;
	if (result == CAP_AGAIN) {
		e->unfinished_until = 0;
	}
	e->unfinished.handle = capability;
	e->unfinished.start = start;
	e->unfinished.count = count;
	return result;
}

int
take_await(struct env *e)
{
	struct kernel *k = e->kernel;
	struct cap *c = cspace_lookup(e->cspace, e->unfinished.handle);

	if (!e->unfinished_until) {
		e->unfinished_until = (uint32_t)k->dead_next + 1;
	}
	if (!c || !object_any_before(k, e->unfinished_until)) {
		e->unfinished_until = 0;
		return 0;
	}
	if (!e->unfinished.count) {
		cap_hold(&k->tree, c);
	}
	e->unfinished_what = TAKE_REVOKE;
	return CAP_AGAIN;
}

int
take_finish(struct env *e)
{
	int result;

	if (!e->unfinished_what || !e->cspace) {
		return 0;
	}
	result = take_step(e, e->unfinished_what, e->unfinished.handle, e->unfinished.start,
			   e->unfinished.count);
	return result == CAP_AGAIN || result == E_BUSY ? result : 0;
}
