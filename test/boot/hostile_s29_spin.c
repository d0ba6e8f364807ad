/* SPDX-License-Identifier: MIT
 * hostile_s29_spin.c: S29: nobody keeps a hart: not by running without end, nor by calls, faults,
 * naps or signals without end.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define NAPS 20

static void
spin_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		__asm__ volatile("");
	}
}

static void
call_body(uint64_t argument)
{
	for (;;) {
		exo_null();
		exo_fence_i();
		exo_inspect(argument, 0, NULL);
	}
}

static void
fault_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		__asm__ volatile(".option push\n.option norvc\nsd zero, 0(zero)\n.option pop");
	}
}

static void
nap_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		exo_sleep(0, exo_ticks() + 1);
	}
}

static void
signal_body(uint64_t argument)
{
	for (;;) {
		exo_signal((exo_handle)argument, 1ul << 7);
		exo_sleep(~0ul, 0);
	}
}

static void
stop_body(uint64_t argument)
{
	for (;;) {
		exo_env_stop((exo_handle)argument);
		exo_env_start((exo_handle)argument);
	}
}

static const struct {
	void (*body)(uint64_t);
	const char *name;
} bodies[] = {
	{spin_body, "runs"},      {call_body, "calls"},     {fault_body, "faults"},
	{nap_body, "takes naps"}, {signal_body, "signals"}, {stop_body, "stops and starts another"},
};

int
main(void)
{
	struct hostile_thread t, last = {0};
	int right = 0;

	tap_plan(2 * ARRAY_SIZE(bodies) + 1);
	for (uint32_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		uint64_t begin, longest = 0;

		right += hostile_thread_make(&t, 0, bodies[i].body, last.env) == 0 &&
			 exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
				       (uint64_t)exo_skip_window) == 0 &&
			 exo_env_start(t.env) == 0;
		for (int k = 0; k < NAPS; k++) {
			begin = exo_now_ns();
			exo_pause(1000000);
			begin = exo_now_ns() - begin;
			longest = begin > longest ? begin : longest;
		}
		/* a turn of each of the others, on a machine that is busy itself */
		tap_ok(longest < EXO_NS_PER_S, "beside one that %s a nap of 1 ms is one of %lu us",
		       bodies[i].name, (unsigned long)longest / 1000);
		tap_ok(exo_yield(EXO_NONE) == 0, "and whoever yields comes back");
		last = t;
	}
	tap_is(right, ARRAY_SIZE(bodies), "all of them ran");
	return tap_end();
}
