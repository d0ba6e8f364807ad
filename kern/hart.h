/* SPDX-License-Identifier: MIT
 * hart.h: what the kernel knows of each hart, and the round-robin of environments on it.
 */
#ifndef KERN_HART_H
#define KERN_HART_H

#include <stdbool.h>
#include <stdint.h>
#include <exo/trace.h>
#include "arch/arch.h"
#include "kern/timeline.h"
#include "lib/base/store.h"
#include "lib/base/tree.h"

struct env;
struct kernel;
struct exo_hart_info;

/* Where this hart records what it does: trace.c. Constant after boot but for `running`. */
struct trace {
	uint64_t *count;
	struct exo_trace_event *event; /* NULL: not yet */
	const struct env *running;     /* as the last event says */
	uint32_t mask;
	bool armed;
};

struct hart {
	/* constant after boot */
	struct kernel *kernel;
	uint32_t number;
	uint32_t plic_context;
	uintptr_t plic_claim; /* where it claims and completes */
	bool has_plic;
	struct exo_hart_info *info;
	uint64_t second_ticks; /* of the timebase */
	uint64_t grace_ticks;  /* CONFIG_GRACE_US */

	/* this hart only */
	struct env *current; /* whose space and floating point are in place; NULL: nobody's */
	struct env *running; /* whose turn it is, perhaps another runs for it (transfer.h); NULL:
				nobody's, or to be found out */
	uint64_t turn;       /* its tp, which transfer.S changes; */
	uint64_t turn_seen;  /* as it was here last; */
	uint64_t napped;     /* and by notices, not by yields, if this is not 0 */
	struct tree_root deadlines;
	uint64_t slice_end;  /* when it is to be found out at the latest; 0: now */
	uint64_t boundary;   /* when the slice of `running` ends */
	uint64_t since;      /* when what it has not been charged for yet began */
	uint64_t grace_time; /* when it is told so, TIMELINE_NEVER: it is not, or was */
	bool tells;          /* it had asked for that when its slice began */
	bool gave_up;        /* `running` gave up the rest */
	uint64_t timer;      /* what the timer is armed for */
	uint64_t poll_time;  /* when to look at a console without interrupts, TIMELINE_NEVER: not */
	uint64_t by_predicate; /* how many sleep here by their predicates, */
	uint64_t looked_at;    /* the slot whose owner's was looked at last, */
	uint64_t asked_end;    /* of the pause in which there were, */
	uint32_t asked;        /* so many requests of other harts, as INBOX_TURN counts them */
	uint64_t late_rest; /* until then deadlines that are over wait while an environment runs */
	uint64_t follow_rest;   /* the same of changes of its timeline */
	uint64_t irq_again;     /* bits of irq.c: devices with more to do than one turn allowed */
	uint32_t irq_next;      /* the device behind it is the next of these */
	bool irq_order;         /* they had the first turn */
	uint64_t irq_rest;      /* until then devices wait while an environment runs */
	bool had_slots;         /* changed ones were followed last, so devices are next */
	bool irq_held;          /* external interrupts are off until then */
	uint64_t entered;       /* where an environment was let go last, or HART_NOWHERE */
	uint64_t breath;        /* until then it goes on first, whatever has come up; 0: not now */
	uint64_t quiet_end;     /* of the quiet slots that the hart was in last */
	uint64_t pokes;         /* harts that this one owes an IPI */
	struct env *inbox_rest; /* taken out of the inbox, and still to be dealt with */

	struct timeline timeline;
	struct trace trace;

	/* any hart, atomically */
	struct env *inbox; /* environments with requests for this hart */
	uint32_t online;
	uint32_t quiet_seen;    /* see quiet.h */
	uint32_t slots_changed; /* its timeline is behind the table of slots.c, */

	/* tree lock */
	uint32_t changed_begin; /* in these positions */
	uint32_t changed_end;   /* 0: in none */
};

/* The ready environment whose turn it is, its context and space in place; waits while there is
 * none. Ends a handler. */
struct arch_env *hart_dispatch(struct hart *h);
/* `e`, at home here, is ready from now on / no longer. */
void hart_ready(struct hart *h, struct env *e);
void hart_unready(struct hart *h, struct env *e);
/* The one that runs gives up the rest of its slice: to `next`, which is ready and at home here, or
 * with NULL to whoever is next. */
void hart_yield(struct hart *h, struct env *next);
void hart_set_deadline(struct hart *h, struct env *e, uint64_t time);
void hart_clear_deadline(struct hart *h, struct env *e);
/* Those whose deadline is over go on: a few of them, then h->late_rest says when to come back. */
void hart_deadlines(struct hart *h, uint64_t now);
/* Make `h` look at its inbox soon: at the end of this handler if it is this hart, else by an IPI
 * once the lock is free. */
void hart_poke(struct hart *h);
/* Let `h` look at the console from now on, as long as that is needed. Tree lock. */
static inline void
hart_watch_console(struct hart *h)
{
	store_relaxed(&h->poll_time, 0);
	hart_poke(h);
}
/* `e`, which runs, wants to sleep: if nobody else could run and there is nothing else to do, waits
 * for an interrupt. True: it was one of a device, which was handled, and nothing else has happened
 * to e than that events may have come; false: it is to sleep as any other. */
bool hart_doze(struct hart *h, struct env *e, uint64_t deadline);
/* This hart, h, gives the devices in `again` (irq.c) a turn as soon as they may have one. */
void hart_device_soon(struct hart *h, uint64_t again);
/* Handle what is pending: IPI, timer, devices. */
void hart_interrupts(struct hart *h);
#define HART_NOWHERE 1 /* no instruction stands there */
/* Was `a` interrupted where the kernel let it go? Then perhaps it has not run since. */
static inline bool
hart_is_breathless(const struct hart *h, const struct arch_env *a)
{
	return a->x[0] == h->entered;
}
/* The call that is handled may have been long: where it goes back to is such a place. */
static inline __attribute__((always_inline)) void
hart_was_long(struct hart *h)
{
	h->entered = arch_return_pc();
}
/* Then it goes on first: what has come up waits for a moment, or for its next trap. Returns a. */
struct arch_env *hart_breathe(struct hart *h, struct arch_env *a);
/* That trap has come: handle what has waited for it. */
void hart_gone_on(struct hart *h);
/* Handle some requests of other harts. */
void hart_inbox(struct hart *h);
/* Send the IPIs that this hart, h, owes since the last time; never with a lock held. */
void hart_send_ipis(struct hart *h);
/* Before anything looks at `running`: whose turn it is by now. */
void hart_follow_turn(struct hart *h);
static inline void
hart_sync(struct hart *h)
{
	if (h->turn != h->turn_seen) {
		hart_follow_turn(h);
	}
}
/* Are there positions of its timeline that it has not followed yet? */
static inline bool
hart_is_behind(const struct hart *h)
{
	return __atomic_load_n(&h->slots_changed, __ATOMIC_RELAXED);
}
/* Often it owes one to itself only, and knows. */
static inline void
hart_send_pokes(struct hart *h)
{
	if (h->pokes == 1ul << h->number && !hart_is_behind(h)) {
		h->pokes = 0;
	} else if (h->pokes) {
		hart_send_ipis(h);
	}
}
/* How long an environment runs at least before the rest of some work is done, ticks: 10 us. */
static inline uint64_t
hart_pause(void)
{
	return arch_timebase_hz() / 100000;
}
/* The hart this code runs on. */
struct hart *hart_self(void);

#endif
