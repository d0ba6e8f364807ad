/* SPDX-License-Identifier: MIT
 * trace.h: the event trace: what each hart did last. See trace.c, include/exo/trace.h.
 */
#ifndef KERN_TRACE_H
#define KERN_TRACE_H

#include "kern/env.h"
#include "kern/hart.h"

struct kernel;

/* The size of the rings for a number that the boot arguments want, a power of two; without one
 * that of the configuration. */
uint32_t trace_events(const char *digits, size_t bytes);
/* From now on all harts record, in cleared memory of EXO_TRACE_RING(harts, events) bytes; `armed`:
 * also what hot paths do. Boot. */
void trace_start(struct kernel *k, void *memory, uint32_t events, bool armed);
/* Record an event of `e` (NULL: nobody's) on this hart, h. */
void trace_record(struct hart *h, const struct env *e, enum exo_trace_kind kind, uint64_t value);
/* Is everything to be recorded, also what hot paths do? */
static inline bool
trace_armed(const struct hart *h)
{
	return __builtin_expect(h->trace.armed, 0);
}

/* The same for those events. */
static inline void
trace_record_armed(struct hart *h, const struct env *e, enum exo_trace_kind kind, uint64_t value)
{
	if (trace_armed(h)) {
		trace_record(h, e, kind, value);
	}
}

/* `e` runs on this hart, h, from now on, or with NULL nobody; recorded if that is news. */
static inline void
trace_run(struct hart *h, const struct env *e)
{
	if (trace_armed(h) && h->trace.running != e) {
		h->trace.running = e;
		trace_record(h, e, e ? EXO_TRACE_RUN : EXO_TRACE_IDLE, 0);
	}
}

/* Events of hart h: how many there have been; number n of them, which is among the last
 * trace_size(h) - 1. */
uint64_t trace_count(const struct hart *h);
uint32_t trace_size(const struct hart *h);
struct exo_trace_event trace_event(const struct hart *h, uint64_t n);
/* The whole of it, for init. */
struct exo_trace *trace_pages(uint64_t *bytes);

#endif
