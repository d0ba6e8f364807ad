/* SPDX-License-Identifier: MIT
 * tick.h: what a turn costs whom, and the boundary of two slices when nothing else has come up.
 */
#ifndef KERN_TICK_H
#define KERN_TICK_H

#include "kern/env.h"
#include "kern/hart.h"

/* The turn of `running`, or of nobody, is charged up to `now`: before another one's begins. */
static inline void
tick_charge(struct hart *h, uint64_t now)
{
	if (h->running) {
		h->running->used_ticks += now - h->since;
	}
	h->since = now;
}

#endif
