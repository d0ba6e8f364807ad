/* SPDX-License-Identifier: MIT
 * tick.c: the boundary of two slices when nothing else has come up.
 *
 * It does what hart_interrupts and hart_dispatch would, for the case that the timer has interrupted
 * an environment at the end of its slice, the next slot has an owner who takes it, and nothing else
 * is due: no requests, devices, deadlines or upcalls. What does not fit changes nothing and goes
 * that way.
 *
 * State:      struct hart, of this hart only.
 * Invariants: afterwards all is as after hart_dispatch.
 * Callers:    trap code, interrupts off; context saved.
 */
#include "kern/tick.h"
#include "kern/kernel.h"
#include "kern/upcall.h"
#include "lib/base/checked.h"

/* Is something else to do? */
static inline bool
is_busy(const struct hart *h)
{
	return (h->irq_again | h->pokes | (h->turn ^ h->turn_seen) |
		(uint64_t)__atomic_load_n(&h->inbox, __ATOMIC_RELAXED) | (uint64_t)h->inbox_rest |
		hart_is_behind(h) | h->irq_held | h->tells) != 0;
}

/* Does a slice begin with more than the rest of its context? */
static inline bool
is_special(const struct env *e)
{
	return (e->begin_entry | e->end_entry | e->arch.callee) != 0 || upcall_wanted(e);
}

/* When something else is due: h->timer is armed for that, or for the boundary. */
static inline uint64_t
next_time(const struct hart *h, uint64_t now)
{
	const struct tree_node *first = tree_first(&h->deadlines);
	uint64_t time = first ? first->key : now + h->second_ticks;

	return h->poll_time < time ? h->poll_time : time;
}

static inline void
turn_over(struct hart *h, struct env *was, struct env *next, uint64_t now)
{
	was->was_cut = true;
	was->owed = 0;
	tick_charge(h, was, now);
	h->running = next;
	h->turn = (uint64_t)next + PAGE_SIZE;
	h->turn_seen = h->turn;
	h->slice_end = h->timeline.end;
	h->boundary = h->timeline.end;
	next->was_cut = false;
	next->slices++;
	next->arch.rested = 0;
}

static inline void
arm(struct hart *h, uint64_t now, uint64_t time)
{
	uint64_t last = now + h->second_ticks;

	time = h->slice_end < time ? h->slice_end : time;
	h->timer = last < time ? last : time;
	arch_timer_set(h->timer);
}

__attribute__((noinline)) struct arch_env *
kern_timer(struct arch_env *a)
{
	struct env *e = env_of_arch(a);
	struct hart *h = e->hart;
	uint64_t now = arch_time();
	uint64_t other = next_time(h, now);
	struct timeline_member *m = timeline_next(&h->timeline, now);
	struct env *next = m ? container_of(m, struct env, member) : NULL;

	if (!next || is_busy(h) || now >= other || is_special(next)) {
		return kern_interrupt(a);
	}
	h->info->interrupts++;
	timeline_advance(&h->timeline);
	turn_over(h, h->running, next, now);
	arm(h, now, other);
	return tick_switch(h, e, next); /* e need not be the one whose turn it was */
}
