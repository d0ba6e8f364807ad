/* SPDX-License-Identifier: MIT
 * doze.c: who sleeps alone on its hart dozes in its call (hart_doze() of the kernel). Nobody can
 * tell: others see it asleep, it is not charged, and whatever wakes a sleeper wakes it.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define MS      1000000ul
#define BIT     5
#define OTHER   6
#define SIGNALS 200

static struct hostile_thread sleeper;
static volatile uint64_t rounds, got, deadline_ticks;

static void
sleep_for_ever(uint64_t argument)
{
	(void)argument;
	for (;;) {
		uint64_t ticks = deadline_ticks;

		got = (uint64_t)exo_sleep(EXO_EVENT(BIT), ticks ? exo_ticks() + ticks : UINT64_MAX);
		rounds++;
	}
}

static struct exo_context
look(void)
{
	struct exo_context c;

	exo_env_read(sleeper.env, &c);
	return c;
}

/* Until it has slept `more` times since there were `before`; how often it has. */
static uint64_t
wait_rounds(uint64_t before, uint64_t more)
{
	for (int i = 0; i < 5000 && rounds - before < more; i++) {
		exo_pause(MS);
	}
	return rounds - before;
}

static void
check_rest(void)
{
	uint64_t used, begin;

	exo_pause(20 * MS);
	tap_is(look().state, EXO_STATE_SLEEPING, "others see it asleep");
	used = look().used_ticks;
	begin = exo_ticks();
	exo_pause(200 * MS);
	used = look().used_ticks - used;
	tap_ok(used < (exo_ticks() - begin) / 10, "and it is not charged (%lu of %lu ticks)",
	       (unsigned long)used, (unsigned long)(exo_ticks() - begin));
}

static void
check_signals(void)
{
	uint64_t right = 0;

	for (uint64_t i = 0; i < SIGNALS; i++) {
		uint64_t before = rounds;

		exo_signal(sleeper.env, EXO_EVENT(BIT));
		right += wait_rounds(before, 1) == 1 && got == EXO_EVENT(BIT);
	}
	tap_is((int64_t)right, SIGNALS, "each signal wakes it once, with its event");
	right = rounds;
	exo_signal(sleeper.env, EXO_EVENT(OTHER));
	exo_pause(20 * MS);
	tap_is((int64_t)(rounds - right), 0, "one that it does not wait for does not");
	tap_is(look().state, EXO_STATE_SLEEPING, "it goes on sleeping");
}

static void
check_stop(void)
{
	uint64_t before = rounds;

	exo_env_stop(sleeper.env);
	exo_pause(20 * MS);
	tap_is(look().state, EXO_STATE_STOPPED, "it can be stopped");
	tap_is((int64_t)look().x[10], 0, "its call has ended without an event");
	tap_is(exo_env_start(sleeper.env), 0, "it can be started");
	tap_is((int64_t)wait_rounds(before, 1), 1, "and goes on behind its call");
}

static void
check_deadline(void)
{
	uint64_t before;

	deadline_ticks = exo_sysinfo()->timebase_hz / 200;
	exo_signal(sleeper.env, EXO_EVENT(BIT)); /* it looks at that anew */
	before = rounds;
	tap_ok(wait_rounds(before, 10) >= 10, "it wakes at its deadlines");
	tap_is((int64_t)got, 0, "without an event");
}

int
main(void)
{
	tap_plan(12);
	tap_is(hostile_thread_start(&sleeper, 1, sleep_for_ever, 0), 0,
	       "one sleeps alone on hart 1");
	check_rest();
	check_signals();
	check_stop();
	check_deadline();
	hostile_thread_end(&sleeper);
	return tap_end();
}
