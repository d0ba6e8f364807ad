/* SPDX-License-Identifier: MIT
 * yield.c: two environments hand their turn to each other, thousands of times: each finds its
 * registers as they were, whatever interrupts come between; a third one gets its turns as before;
 * stopping, ending and weak handles are seen.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define MS    1000000ul
#define PAIRS 20000

struct partner {
	exo_handle env;
	struct exo_pages stack;
	volatile uint64_t turns;
	volatile uint64_t wrong;
	volatile uint64_t refused;
	volatile exo_handle other;
};

static struct partner one, two;
static struct hostile_thread third;
static volatile uint64_t third_turns;

/* Yields to the other one with a pattern in every register that a call keeps. */
static void
partner_main(uint64_t argument)
{
	struct partner *p = (struct partner *)argument;

	for (;;) {
		register uint64_t a __asm__("s2") = argument ^ p->turns;
		register uint64_t b __asm__("s3") = ~argument;
		register uint64_t c __asm__("s10") = p->turns * 3;
		register uint64_t d __asm__("s11") = argument + 7;

		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		p->refused += exo_yield(p->other) != 0;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		p->wrong += a != (argument ^ p->turns) || b != ~argument || c != p->turns * 3 ||
			    d != argument + 7;
		p->turns++;
	}
}

static void
partner_make(struct partner *p)
{
	struct exo_context c = {.pc = (uint64_t)partner_main};

	exo_pages_make(&p->stack, 2);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, EXO_UAREA_BASE, &p->env, NULL);
	exo_bind(EXO_BIND_SPACE, p->env, exo_start()->space, 0);
	exo_bind(EXO_BIND_CSPACE, p->env, exo_start()->cspace, 0);
	c.x[2] = (uint64_t)p->stack.memory + 2 * EXO_PAGE_SIZE;
	c.x[10] = (uint64_t)p;
	exo_env_write(p->env, &c);
}

static void
third_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		third_turns++;
	}
}

static void
wait_for(volatile uint64_t *word, uint64_t value)
{
	for (int i = 0; i < 10000 && *word < value; i++) {
		exo_pause(MS);
	}
}

static void
check_pair(void)
{
	uint64_t before;

	one.other = two.env;
	two.other = one.env;
	exo_env_start(one.env);
	exo_env_start(two.env);
	wait_for(&one.turns, PAIRS);
	tap_ok(one.turns >= PAIRS && two.turns >= PAIRS - 1, "both get on");
	tap_is((int64_t)(one.wrong + two.wrong), 0, "with what they had in their registers");
	hostile_thread_start(&third, 0, third_body, 0);
	wait_for(&third_turns, 1000);
	tap_ok(third_turns >= 1000, "a third one gets its turns");
	before = third_turns;
	wait_for(&one.turns, one.turns + PAIRS);
	tap_ok(third_turns > before, "again and again");
}

static void
check_gone(void)
{
	uint64_t before, failed;

	exo_env_stop(two.env);
	before = two.turns;
	failed = one.refused;
	exo_pause(5 * MS);
	tap_is((int64_t)(two.turns - before), 0, "who is stopped gets no turn");
	tap_ok(one.refused > failed, "and the other one is told");
	exo_env_start(two.env);
	wait_for(&two.turns, before + 100);
	tap_ok(two.turns >= before + 100, "it goes on");
	one.other = (exo_handle)exo_share(two.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	failed = one.refused;
	wait_for(&one.refused, failed + 10);
	tap_ok(one.refused >= failed + 10, "it takes the right YIELD");
	one.other = two.env;
	exo_drop(two.env, 0, 0);
	failed = one.refused;
	wait_for(&one.refused, failed + 10);
	tap_ok(one.refused >= failed + 10, "a handle that is stale leads nowhere");
}

int
main(void)
{
	tap_plan(9);
	partner_make(&one);
	partner_make(&two);
	check_pair();
	check_gone();
	return tap_end();
}
