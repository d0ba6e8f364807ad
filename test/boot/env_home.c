/* SPDX-License-Identifier: MIT
 * env_home.c: a stopped environment moves to another hart and goes on there with all it had, unless
 * something ties it to its hart.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define TURNS 50

static struct hostile_thread thread;
static volatile uint64_t counter;
static volatile double product;

/* Integer and floating-point registers that must survive. */
static void
count(uint64_t from)
{
	register uint64_t n __asm__("s5") = from;
	double factor = 1.5;

	for (;;) {
		__asm__ volatile("" : "+r"(n), "+f"(factor));
		counter = ++n;
		product = factor;
	}
}

static bool
goes_on(void)
{
	uint64_t before = counter;

	for (uint64_t end = exo_ticks() + exo_sysinfo()->timebase_hz * 5;
	     exo_ticks() < end && counter == before;) {
		linger(1000);
	}
	return counter != before;
}

static uint32_t
hart_of(void)
{
	struct exo_context c;

	exo_env_read(thread.env, &c);
	return c.hart;
}

static void
check_moves(void)
{
	unsigned moved = 0;
	uint64_t last = 0;

	for (uint32_t i = 1; i <= TURNS; i++) {
		exo_env_stop(thread.env);
		moved += counter >= last && exo_env_home(thread.env, i % 2) == 0 &&
			 hart_of() == i % 2;
		last = counter;
		exo_env_start(thread.env);
		exo_pause(100000);
	}
	tap_is(moved, TURNS, "it moves to and fro");
	exo_env_stop(thread.env);
	exo_env_home(thread.env, 1);
	exo_env_start(thread.env);
	tap_ok(goes_on(), "on the other hart it runs while this one is busy");
	tap_ok(counter >= last && product == 1.5, "with the registers that it had");
}

static void
check_refusals(void)
{
	int64_t slot = exo_carve(exo_boot()->timelines[1], free_slot(),
				 1ul << EXO_SLOT_HART_SHIFT, 1, EXO_SLOT_BIND, 0);
	int64_t weak = exo_share(thread.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);

	tap_is(exo_env_home(thread.env, 0), E_STATE, "one that runs stays");
	tap_is(exo_env_home(exo_start()->env, 1), E_STATE, "so does who calls");
	exo_env_stop(thread.env);
	tap_is(exo_env_home(thread.env, 2), E_HART, "there must be such a hart");
	tap_is(exo_env_home(thread.env, ~0u), E_HART, "however large its number");
	tap_is(exo_env_home((exo_handle)weak, 0), E_RIGHTS, "it takes the right CONTROL");
	tap_is(exo_bind(EXO_BIND_SLOT, thread.env, (exo_handle)slot, 0), 0, "it gets a slot");
	tap_is(exo_env_home(thread.env, 0), E_STATE, "and is tied to it");
	tap_is(exo_unbind(EXO_BIND_SLOT, (exo_handle)slot), 0, "it loses it");
	while (exo_env_home(thread.env, 0) == E_STATE) {
		exo_pause(100000); /* the other hart has to follow first */
	}
	tap_is(hart_of(), 0, "and may go");
}

int
main(void)
{
	tap_plan(12);
	hostile_thread_start(&thread, 0, count, 0);
	exo_pause(1000000);
	check_moves();
	check_refusals();
	hostile_thread_end(&thread);
	return tap_end();
}
