/* SPDX-License-Identifier: MIT
 * upcall.c: asynchronous upcalls.
 *
 * The environment goes on at its event entry point with gp = u-area and all other registers intact;
 * where it was stands in the asynchronous save area, and `mask` keeps the next one away until the
 * call `resume`. State: event_entry and event_mask of each environment, in its private half. The
 * u-area is user data: its words are compared with zero and written, never believed.
 * Callers: the home hart, interrupts off.
 */
#include "kern/upcall.h"
#include "lib/base/store.h"

#define WINDOW_BYTES 8 /* two instructions */

/* Between clearing `cause` and the jump back an exception is not over: gp is still its own. */
static bool
in_window(const struct arch_env *a)
{
	return a->x[0] - a->window < WINDOW_BYTES;
}

/* Something is wanted. Inline, for it is on the way of every interrupt. */
static inline __attribute__((always_inline)) enum upcall
look(struct env *e)
{
	struct exo_uarea *u = env_uarea(e);
	enum upcall result = UPCALL_READY;

	if (__atomic_load_n(&u->mask, __ATOMIC_RELAXED)) {
		result = UPCALL_MASKED;
	} else if (__atomic_load_n(&u->cause, __ATOMIC_RELAXED) || in_window(&e->arch)) {
		result = UPCALL_EXCEPTION;
	}
	store_relaxed(&u->pending, result != UPCALL_READY);
	return result;
}

enum upcall
upcall_look_at(struct env *e)
{
	return look(e);
}

/* Where it is about, and 0 or the events that go with it. */
static uint64_t
choose_entry(struct env *e, struct exo_uarea *u)
{
	u->async_events = 0;
	if (e->owed & OWED_BEGIN) {
		e->owed &= (uint8_t)~OWED_BEGIN;
		u->async_what = EXO_UPCALL_BEGIN;
		return e->begin_entry;
	}
	if (e->owed & OWED_END) {
		e->owed &= (uint8_t)~OWED_END;
		u->async_what = EXO_UPCALL_END;
		return e->end_entry;
	}
	u->async_what = EXO_UPCALL_EVENT;
	u->async_events =
		__atomic_fetch_and(&e->events, ~e->event_mask, __ATOMIC_ACQ_REL) & e->event_mask;
	return e->event_entry;
}

enum upcall
upcall_deliver_now(struct env *e)
{
	struct exo_uarea *u = env_uarea(e);
	struct arch_env *a = &e->arch;
	enum upcall result = look(e);

	if (result == UPCALL_READY) {
		u->mask = 1;
		u->async_pc = a->x[0];
		u->async_gp = a->x[3];
		u->async_t0 = a->x[5];
		u->async_a7 = a->x[17];
		a->x[0] = choose_entry(e, u);
		a->x[3] = a->uarea;
	}
	return result;
}
