/* SPDX-License-Identifier: MIT
 * trace_rings.c: the kernel's event trace: what this program does is in it, in order, and the trace
 * cannot be changed. the second run arms it.
 *
 * boot: init SMP=1
 * boot: init SMP=2 APPEND=chitin.trace=256
 */
#include <string.h>

#include "lib/exo/trace.h"
#include "test/boot/attempt.h"

#define EVENTS_MAX 1024

static struct exo_trace_event events[EVENTS_MAX];
static const struct exo_trace *trace;

static uint32_t
mine(void)
{
	struct exo_cap_info info = {0};

	exo_inspect(exo_start()->env, 0, &info);
	return (uint32_t)info.start;
}

/* How many of the newest events are of this kind and value, of this program or nobody. */
static uint32_t
count_of(uint16_t kind, uint16_t value)
{
	uint64_t first;
	uint32_t count = exo_trace_copy(trace, 0, events, EVENTS_MAX, &first);
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		found += events[i].kind == kind && events[i].value == value &&
			 (!events[i].env || events[i].env == mine());
	}
	return found;
}

static bool
in_order(void)
{
	uint64_t first;
	uint32_t count = exo_trace_copy(trace, 0, events, EVENTS_MAX, &first);
	bool good = count > 0 || !trace->armed;

	for (uint32_t i = 1; i < count; i++) {
		good = good && events[i].time >= events[i - 1].time &&
		       strcmp(exo_trace_kind_name(events[i].kind), "unknown") != 0;
	}
	return good;
}

/* A store to it is an exception, which itself is recorded when armed. */
static void
test_read_only(void)
{
	uint64_t before = attempted.count;

	exo_on_exception(attempt_handler);
	attempt_store((uint64_t)trace);
	tap_ok(attempted.count == before + 1, "storing to it is an exception");
	tap_is(exo_protect((uint64_t)trace, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "it is not made writable");
	tap_is(count_of(EXO_TRACE_EXCEPTION, 15) > 0, trace->armed,
	       "the exception is in it, if armed");
}

static void
test_calls(void)
{
	uint64_t count;

	exo_pause(20000000); /* a timer interrupt at least */
	tap_is(count_of(EXO_TRACE_INTERRUPT, 2) > 0, trace->armed, "interrupts are, if armed");
	tap_is(count_of(EXO_TRACE_CALL, EXO_NR_sleep) > 0, trace->armed, "calls are, if armed");
	tap_is(count_of(EXO_TRACE_RETURN, EXO_NR_sleep) > 0, trace->armed, "and returns");
	tap_is(count_of(EXO_TRACE_RUN, 0) > 0, trace->armed, "and whose turn it is");
	count = trace->hart[0].count;
	for (int i = 0; i < 1000; i++) {
		exo_inspect(EXO_NONE, 0, NULL);
	}
	tap_is(trace->hart[0].count - count >= 2000, trace->armed,
	       "a ring goes on when it is full");
	tap_ok(in_order(), "all is in order and has names");
}

int
main(void)
{
	uint64_t first;

	tap_plan(3 + 3 + 6);
	trace = exo_trace_open();
	tap_ok(trace && trace->magic == EXO_TRACE_MAGIC, "the trace is mapped");
	tap_is(trace->harts, exo_sysinfo()->harts, "of all harts");
	tap_ok(exo_trace_copy(trace, 0, events, 3, &first) <= 3, "no more than wanted");
	test_read_only();
	test_calls();
	return tap_end();
}
