/* SPDX-License-Identifier: MIT
 * tick.h: what a turn costs whom, and the boundary of two slices when nothing else has come up.
 */
#ifndef KERN_TICK_H
#define KERN_TICK_H

#include "kern/env.h"
#include "kern/hart.h"
#include "kern/space.h"

/* The turn of h->running, which is `e`, NULL: nobody's, is charged up to `now`: before another
 * one's begins. */
static inline void
tick_charge(struct hart *h, struct env *e, uint64_t now)
{
	if (e) {
		e->used_ticks += now - h->since;
	}
	h->since = now;
}

/* From the environment that is in place on this hart, NULL: nobody's, to `e`. */
static inline struct arch_env *
tick_switch(struct hart *h, struct env *from, struct env *e)
{
	h->current = e;
	if (from != e) {
		space_enter(h->kernel, e->space, h->number);
		arch_fp_switch(from ? &from->arch : NULL, &e->arch);
		arch_space_enter(&e->arch);
		h->info->switches++;
	}
	return &e->arch;
}

#define TICK_TRIES 4

/* The ticks of all turns of `e`, with the one that it is having, for any hart. Its own writes both
 * words one behind the other, interrupts off: who reads them twice alike has not read between. */
static inline uint64_t
tick_used(const struct env *e)
{
	const struct hart *h = e->hart;
	uint64_t used = 0, since = 0, now;
	bool is_running = false;
	bool is_whole = false;

	for (uint32_t i = 0; i < TICK_TRIES && !is_whole; i++) {
		since = __atomic_load_n(&h->since, __ATOMIC_ACQUIRE);
		used = __atomic_load_n(&e->used_ticks, __ATOMIC_ACQUIRE);
		is_running = __atomic_load_n(&h->running, __ATOMIC_ACQUIRE) == e;
		is_whole = used == __atomic_load_n(&e->used_ticks, __ATOMIC_ACQUIRE) &&
			   since == __atomic_load_n(&h->since, __ATOMIC_RELAXED);
	}
	now = arch_time();
	return used + (is_whole && is_running && now > since ? now - since : 0);
}

#endif
