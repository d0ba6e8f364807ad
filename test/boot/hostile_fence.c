/* SPDX-License-Identifier: MIT
 * hostile_fence.c: all harts but one break mappings as fast as they can, so that they owe the
 * others a fence nearly all the time. Whoever carves and drops on another hart, which must wait for
 * fences, gets on all the same.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define SECONDS 3

static struct exo_pages targets[EXO_HARTS_MAX];
static volatile uint64_t storms;

static void
storm_body(uint64_t argument)
{
	uint64_t address = (uint64_t)targets[argument].memory;

	for (;;) {
		exo_unmap(address, 1, 0, 0, EXO_NONE);
		exo_map(address, targets[argument].frames, 0, 1, EXO_READ | EXO_WRITE, 0, EXO_NONE);
		storms++;
	}
}

/* Carve and drop for some seconds: how often. */
static uint64_t
carve_and_drop(void)
{
	uint64_t end = exo_now_ns() + SECONDS * EXO_NS_PER_S, turns = 0;

	while (exo_now_ns() < end) {
		exo_handle frames;

		if (exo_frames_carve(exo_own_frames(), 1, 1, &frames) == 0) {
			turns += exo_frames_release(exo_own_frames(), frames) == 0;
		}
	}
	return turns;
}

int
main(void)
{
	struct hostile_thread threads[EXO_HARTS_MAX];
	uint32_t harts = hostile_harts();
	uint64_t turns;
	int right = 0;

	tap_plan(4);
	tap_ok(carve_and_drop() > 100, "carves and drops go on without a storm");
	for (uint32_t i = 1; i < harts; i++) {
		exo_pages_make(&targets[i], 1);
		right += hostile_thread_start(&threads[i], i, storm_body, i) == 0;
	}
	tap_is(right, harts - 1, "the storms begin");
	turns = carve_and_drop();
	tap_ok(turns > 20, "%lu carves and drops while storms unmapped %lu times",
	       (unsigned long)turns, (unsigned long)storms);
	for (uint32_t i = 1; i < harts; i++) {
		right -= exo_env_stop(threads[i].env) == 0;
	}
	tap_is(right, 0, "the storms end");
	return tap_end();
}
