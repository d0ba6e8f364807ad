/* SPDX-License-Identifier: MIT
 * trace.c: the event trace: a ring per hart in which the newest event replaces the oldest.
 *
 * Faults and overruns are always recorded; all else (calls, exceptions, upcalls, interrupts, whose
 * turn it is) only when armed by `chitin.trace` among the boot arguments: then
 * environments get another vector and another call table (arch_calls), so that nothing is longer
 * while it is not. `chitin.trace=EVENTS` chooses the size of the rings.
 *
 * State:      the memory, read-only to users; where its ring is, in each hart.
 * Invariants: only a hart itself writes its ring, interrupts off; an entry is complete before
 * `count` says so, and `count` says so before the next entry is begun. Callers:    any handler; the
 * readers in panic.
 */
#include "kern/trace.h"
#include <exo/trace.h>
#include "kern/kernel.h"
#include "lib/base/store.h"

#define EVENTS_MIN (EXO_PAGE_SIZE / sizeof(struct exo_trace_event)) /* a page */
#define EVENTS_MAX (1u << 20)

_Static_assert((CONFIG_TRACE_EVENTS & (CONFIG_TRACE_EVENTS - 1)) == 0 &&
		       CONFIG_TRACE_EVENTS >= EVENTS_MIN && CONFIG_TRACE_EVENTS <= EVENTS_MAX,
	       "TRACE_EVENTS is a power of two that fills pages");

static struct exo_trace *trace;

uint32_t
trace_events(const char *digits, size_t bytes)
{
	uint32_t wanted = 0;
	uint32_t events = EVENTS_MIN;

	for (size_t i = 0; i < bytes && digits[i] >= '0' && digits[i] <= '9'; i++) {
		wanted = wanted < EVENTS_MAX ? wanted * 10 + (uint32_t)(digits[i] - '0') : wanted;
	}
	while (events < wanted && events < EVENTS_MAX) {
		events *= 2;
	}
	return wanted ? events : CONFIG_TRACE_EVENTS;
}

void
trace_start(struct kernel *k, void *memory, uint32_t events, bool armed)
{
	trace = memory;
	trace->magic = EXO_TRACE_MAGIC;
	trace->harts = k->harts;
	trace->events = events;
	trace->armed = armed;
	for (uint32_t i = 0; i < k->harts; i++) {
		struct trace *t = &k->hart[i].trace;

		t->count = &trace->hart[i].count;
		t->mask = events - 1;
		t->armed = armed;
		store_release(&t->event, (void *)((uint8_t *)memory + EXO_TRACE_RING(i, events)));
	}
}

void
trace_record(struct hart *h, const struct env *e, enum exo_trace_kind kind, uint64_t value)
{
	struct trace *t = &h->trace;

	if (t->event) {
		uint64_t n;

		__atomic_thread_fence(__ATOMIC_ACQ_REL);
		n = *t->count;
		t->event[n & t->mask] = (struct exo_trace_event){
			.time = arch_time(),
			.env = e ? (uint32_t)(arch_physical(e) >> PAGE_SHIFT) : 0,
			.kind = (uint16_t)kind,
			.value = (uint16_t)value,
		};
		store_release(t->count, n + 1);
	}
}

uint64_t
trace_count(const struct hart *h)
{
	return h->trace.event ? __atomic_load_n(h->trace.count, __ATOMIC_ACQUIRE) : 0;
}

uint32_t
trace_size(const struct hart *h)
{
	return h->trace.mask + 1;
}

struct exo_trace_event
trace_event(const struct hart *h, uint64_t n)
{
	return h->trace.event[n & h->trace.mask];
}

struct exo_trace *
trace_pages(uint64_t *bytes)
{
	*bytes = EXO_TRACE_RING(trace->harts, trace->events);
	return trace;
}
