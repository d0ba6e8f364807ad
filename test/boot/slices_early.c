/* SPDX-License-Identifier: MIT
 * slices_early.c: who is told of the end of its slices, and yields long before, leaves a hart that
 * rests: the kernel does not wake for the end of a slice that is over.
 *
 * boot: init SMP=1 ICOUNT=1 APPEND=chitin.trace
 */
#include "lib/exo/trace.h"
#include "test/boot/hostile.h"

#define MS     1000000ul
#define ROUNDS 10

static struct hostile_thread thread;
static volatile uint64_t turns;

static void
body(uint64_t ignored)
{
	(void)ignored;
	exo_env_entry(EXO_NONE, EXO_ENTRY_END, (uint64_t)exo_event_entry, 0);
	for (;;) {
		turns++;
		exo_yield(EXO_NONE);
	}
}

int
main(void)
{
	const struct exo_trace *trace = exo_trace_open();
	exo_handle slots = hostile_positions(8, 2);
	uint64_t events;
	uint64_t had;

	tap_plan(4);
	tap_ok(trace && trace->armed, "what the hart does is recorded");
	if (!trace) {
		return tap_end();
	}
	tap_is(hostile_thread_create(&thread, EXO_ENV_BOUND << 8, body, 0), 0, "a thread");
	tap_ok(exo_bind(EXO_BIND_SLOT, thread.env, slots, 0) >= 0 &&
		       exo_env_start(thread.env) == 0,
	       "has two of the slots");
	exo_pause(20 * MS);
	had = turns;
	events = trace->hart[0].count;
	exo_pause(ROUNDS * 16 * MS);
	events = trace->hart[0].count - events;
	had = turns - had;
	tap_ok(had >= ROUNDS && had <= 2 * ROUNDS + 2 && events < 20 * had + 40,
	       "it yields %lu times, and that is all: %lu events", (unsigned long)had,
	       (unsigned long)events);
	hostile_thread_end(&thread);
	return tap_end();
}
