/* SPDX-License-Identifier: MIT
 * upcall.h: asynchronous upcalls: an event, or the begin or the end of a slice, enters the
 * environment at the entry point that it has for it.
 */
#ifndef KERN_UPCALL_H
#define KERN_UPCALL_H

#include "kern/env.h"

/* What becomes of a pending one. */
enum upcall {
	UPCALL_NONE,      /* there is none */
	UPCALL_READY,     /* nothing is in its way */
	UPCALL_MASKED,    /* held back until the library clears `mask`, then looks at `pending` */
	UPCALL_EXCEPTION, /* held back by an exception that is not over; try again soon */
};

/* Home hart: may `e` take an upcall now? If one is held back its u-area says so afterwards. */
enum upcall upcall_look_at(struct env *e);
/* Home hart, e's context is saved and about to be entered: direct it to an entry point if something
 * wants that; the slice before events. Returns what upcall_look said. */
enum upcall upcall_deliver_now(struct env *e);

/* Is an event pending that wants an upcall, or one of a slice owed? */
static inline bool
upcall_wanted(const struct env *e)
{
	return ((__atomic_load_n(&e->events, __ATOMIC_ACQUIRE) & e->event_mask) | e->owed) != 0;
}

/* Mostly there is none. */
static inline enum upcall
upcall_look(struct env *e)
{
	return upcall_wanted(e) ? upcall_look_at(e) : UPCALL_NONE;
}

static inline enum upcall
upcall_deliver(struct env *e)
{
	return upcall_wanted(e) ? upcall_deliver_now(e) : UPCALL_NONE;
}

#endif
