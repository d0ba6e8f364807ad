/* SPDX-License-Identifier: MIT
 * hostile_s32_life.c: S32: two harts make, start, stop, write, signal and destroy the same
 * environments, and take the spaces and capability spaces they run in, all at the same time.
 *
 * Nothing may come of it but errors; afterwards every page is there again.
 *
 * boot: init SMP=2 MEM=64M
 */
#include "test/boot/hostile.h"

#define VICTIMS    6
#define SECONDS    6
#define HARTS      2
#define SLOTS_EACH 4 /* frames, env, share of the space, share of the capability space */

static struct {
	exo_handle pool;
	uint64_t first_page;
	uint32_t first_slot;
	volatile exo_handle handle[VICTIMS][SLOTS_EACH];
	volatile uint64_t calls[HARTS];
	volatile uint64_t started;
	volatile bool over;
} test;

static volatile uint64_t spins;
static uint64_t stacks[VICTIMS + 1][64] __attribute__((aligned(16)));

static void
victim_body(uint64_t argument)
{
	for (;;) {
		spins++;
		if (argument & 1) {
			exo_sleep(~0ul, exo_ticks() + 100);
		} else if (argument & 2) {
			exo_yield(EXO_NONE);
		}
	}
}

static void
keep(uint32_t victim, uint32_t what, int64_t result)
{
	if (result >= 0) {
		test.handle[victim][what] = (exo_handle)result;
	}
}

static void
make(uint32_t victim, uint64_t random, const struct exo_context *context)
{
	uint32_t slot = test.first_slot + victim * SLOTS_EACH;
	volatile exo_handle *h = test.handle[victim];

	keep(victim, 0,
	     exo_carve(test.pool, slot, test.first_page + 2ul * victim, 2, EXO_READ | EXO_WRITE,
		       0));
	keep(victim, 1,
	     exo_create(EXO_CAP_ENV, h[0], slot + 1, random % HARTS | (random & 4) << 6,
			THREAD_UAREAS));
	keep(victim, 2, exo_share(exo_start()->space, slot + 2, 0, 0, EXO_RIGHTS_ALL, 0));
	keep(victim, 3, exo_share(exo_start()->cspace, slot + 3, 0, 0, EXO_RIGHTS_ALL, 0));
	exo_bind(EXO_BIND_SPACE, h[1], h[2], 0);
	exo_bind(EXO_BIND_CSPACE, h[1], h[3], 0);
	exo_env_supervisor(h[1], exo_start()->env, 40);
	exo_env_write(h[1], context);
	test.started += exo_env_start(h[1]) == 0;
}

static void
step(uint64_t *state, struct exo_context *context)
{
	uint64_t random = noise(state);
	uint32_t victim = (uint32_t)(random >> 8) % VICTIMS;
	volatile exo_handle *h = test.handle[victim];

	context->pc = (uint64_t)victim_body;
	context->x[2] = (uint64_t)stacks[victim + 1];
	context->x[10] = random >> 16;
	switch (random % 12) {
	case 0:
	case 1:
		make(victim, random >> 20, context);
		break;
	case 2:
		exo_drop(h[random >> 20 & 3], 0, 0);
		break;
	case 3:
		exo_drop(h[0], 0, 0);
		break;
	case 4:
		exo_env_write(h[1], context);
		break;
	case 5:
		exo_env_read(h[1], context);
		break;
	case 6:
		exo_env_stop(h[1]);
		break;
	case 7:
	case 8:
		exo_env_start(h[1]);
		break;
	case 9:
		exo_signal(h[1], random >> 1);
		break;
	case 10:
		exo_yield(h[1]);
		break;
	default:
		exo_revoke(h[random >> 20 & 1], 0, 0);
		break;
	}
}

static void
attacker_body(uint64_t hart)
{
	struct exo_context context = {0};
	uint64_t state = 0x9e3779b97f4a7c15ul * (hart + 1);

	while (!test.over) {
		step(&state, &context);
		linger(state % 4000);
		test.calls[hart]++;
	}
	exo_exit(0);
}

static void
clean_up(void)
{
	int64_t result = 0;

	for (uint32_t v = 0; v < VICTIMS; v++) {
		for (uint32_t i = 0; i < SLOTS_EACH; i++) {
			exo_drop(test.handle[v][i], 0, 0);
		}
	}
	result = exo_drop(test.pool, 0, 0);
	tap_is(result, 0, "all their pages come back");
}

int
main(void)
{
	struct hostile_thread attacker;
	struct exo_cap_info info = {0};
	struct exo_context context = {0};
	uint64_t state = 4711, end;

	tap_plan(5);
	exo_frames_carve(exo_own_frames(), 2 * VICTIMS, 2, &test.pool);
	exo_inspect(test.pool, 0, &info);
	test.first_page = info.start;
	test.first_slot = exo_start()->slots - VICTIMS * SLOTS_EACH;
	tap_is(hostile_thread_start(&attacker, 1, attacker_body, 1), 0,
	       "the other attacker starts");
	end = exo_now_ns() + SECONDS * EXO_NS_PER_S;
	while (exo_now_ns() < end) {
		step(&state, &context);
		linger(state % 4000);
		test.calls[0]++;
	}
	test.over = true;
	tap_ok(test.started > 10, "%lu lives began", (unsigned long)test.started);
	tap_ok(spins > 0, "some of them lived");
	exo_pause(200000000);
	tap_ok(test.calls[0] && test.calls[1], "calls: %lu %lu", (unsigned long)test.calls[0],
	       (unsigned long)test.calls[1]);
	clean_up();
	return tap_end();
}
