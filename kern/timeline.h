/* SPDX-License-Identifier: MIT
 * timeline.h: whose turn it is on one hart: slots, slack, debt. See timeline.c.
 *
 * Times are ticks of the timebase. Slot n is [epoch + n * quantum, epoch + (n + 1) * quantum) and
 * belongs to position n modulo the number of positions.
 */
#ifndef KERN_TIMELINE_H
#define KERN_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/base/list.h"

#define TIMELINE_NEVER UINT64_MAX

/* What an environment is on the timeline of its hart. */
struct timeline_member {
	struct list_node turn; /* in the ring while it is ready and takes slack */
	bool is_ready;
	bool takes_slack;
	bool is_blocked;        /* cannot run, for it waits for one that cannot */
	bool serves_slowly;     /* serves another: its own slots are its own, or */
	const uint64_t *serves; /* the same while that word is not 0 (NULL: never) */
	bool has_credit;    /* it had a turn of slack since it last went to the front */
	bool jumps;         /* it went there, and that turn has not begun */
	uint32_t positions; /* that are bound to it */
	uint64_t debt;      /* ticks that it ran over its end */
	uint64_t overruns;
	uint64_t forfeits; /* slots it lost for its debt */
};

struct timeline_position {
	struct timeline_member *owner; /* NULL: whoever takes slack */
	bool is_quiet;
	uint16_t run;  /* positions from here on that have the same owner */
	uint16_t next; /* positions to the next one that has an owner, 0: there is none */
};

struct timeline {
	uint64_t epoch;
	uint64_t quantum;
	struct list_node ring; /* ready ones that take slack, whose turn is next first */
	/* what was chosen last */
	struct timeline_member *running; /* NULL: nobody, or it sleeps */
	uint64_t end;                    /* when to choose again at the latest, TIMELINE_NEVER:
					    when somebody wakes */
	bool runs_slack;                 /* it is running's turn in the ring */

	bool is_given_up;    /* the owner of `slot` gave up the rest of it, or forfeited it */
	uint64_t slot;       /* the one looked at last, */
	uint64_t slot_begin; /* when it began */
	uint64_t donated_to; /* first slot in which `donee` no longer has the owner's place */
	struct timeline_member *donee;
	bool donates_slack; /* what it has goes back to an owner that wakes */
	uint32_t owned; /* positions that have an owner */
	struct timeline_position at[CONFIG_TIMELINE_SLOTS];
};

void timeline_init(struct timeline *t, uint64_t epoch, uint64_t quantum);
/* `m` is zeroed. */
static inline void
timeline_member_init(struct timeline_member *m, bool takes_slack)
{
	m->takes_slack = takes_slack;
	m->has_credit = true;
	list_init(&m->turn);
}

/* A position is from now on m's, or nobody's (NULL), also if the slice that it was in was given to
 * somebody. After any number of these, timeline_measure. */
void timeline_set(struct timeline *t, uint32_t position, struct timeline_member *m, bool is_quiet);
void timeline_measure(struct timeline *t);
/* Take `m` off the timeline for good; it is not ready. */
void timeline_forget(struct timeline *t, struct timeline_member *m);

/* `m`, which is not ready, is. True: choose again, for it goes before the one that runs, or that
 * was alone and runs for longer than it may now, or a slot has begun. */
bool timeline_wake(struct timeline *t, struct timeline_member *m, uint64_t now);
/* `m`, which is ready, is no longer. */
void timeline_sleep(struct timeline *t, struct timeline_member *m);
/* The one that runs gives up the rest of its slice: to nobody in particular, or to `m`, which is
 * ready. What it was given itself does not grow when it passes it on. */
void timeline_yield(struct timeline *t, uint64_t now);
void timeline_donate(struct timeline *t, struct timeline_member *m, uint64_t now);
/* The same, and it has been running already. */
void timeline_follow(struct timeline *t, struct timeline_member *m, uint64_t now);

/* `m` ran over its end: it owes `grace` ticks. Returns how often it has. */
uint64_t timeline_overrun(struct timeline_member *m, uint64_t grace);

/* Can it run in its own slots, or in what is donated to it? */
static inline bool
timeline_can_run(const struct timeline_member *m)
{
	return (m->is_ready || m->serves_slowly || (m->serves && *m->serves)) && !m->is_blocked;
}

/* Who owns the slot behind the slice that is over at `now`, if that is what timeline_choose would
 * choose for no other reason; NULL: it must be asked. Not a quiet slot. */
static inline struct timeline_member *
timeline_next(const struct timeline *t, uint64_t now)
{
	uint64_t run = t->at[t->slot % CONFIG_TIMELINE_SLOTS].run;
	uint64_t slot = t->slot + run;
	const struct timeline_position *p = &t->at[slot % CONFIG_TIMELINE_SLOTS];
	struct timeline_member *m = p->owner;

	if (t->runs_slack || t->donee || !t->running || !m || p->is_quiet ||
	    now - t->end >= t->quantum || t->end != t->slot_begin + run * t->quantum) {
		return NULL;
	}
	return m->is_ready && !m->is_blocked && m->debt < t->quantum ? m : NULL;
}

/* Its slice begins. */
static inline void
timeline_advance(struct timeline *t)
{
	const struct timeline_position *p;

	t->slot += t->at[t->slot % CONFIG_TIMELINE_SLOTS].run;
	p = &t->at[t->slot % CONFIG_TIMELINE_SLOTS];
	t->slot_begin = t->end;
	t->is_given_up = false;
	t->running = p->owner;
	t->end += p->run * t->quantum;
}

/* Whose turn it is at `now`: t->running, also returned, until t->end. */
struct timeline_member *timeline_choose(struct timeline *t, uint64_t now);
/* The same where nobody could run, whatever the time is; false: it is not so. */
static inline bool
timeline_choose_nobody(struct timeline *t)
{
	if (!list_is_empty(&t->ring) || t->owned || t->donee) {
		return false;
	}
	t->running = NULL;
	t->runs_slack = false;
	t->end = TIMELINE_NEVER;
	return true;
}
/* Do external interrupts wait in this slot? */
bool timeline_is_quiet(struct timeline *t);
/* Whose position it is at time `now`, NULL: nobody's. */
struct timeline_member *timeline_owner(struct timeline *t, uint64_t now);

/* All named invariants: NULL or the name of the first one broken. */
const char *timeline_check(const struct timeline *t);

#endif
