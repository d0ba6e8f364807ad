/* SPDX-License-Identifier: MIT
 * hostile_s28_fence.c: S28: all harts but one break mappings as fast as they can, so that they owe
 * the others a fence nearly all the time. Whoever carves and drops on another hart, which must
 * wait for fences, gets on all the same.
 *
 * boot: init SMP=4
 */
#include "test/boot/hostile.h"

#define SECONDS  2
#define ENOUGH   500
#define PATIENCE 12 /* seconds: harts are threads, and a busy host runs few of them */
#define FAIR     20 /* the others may be so many times as fast, all together */
#define BURIALS  0xa00000000ul

static struct exo_pages targets[EXO_HARTS_MAX];
static struct exo_pages many;
static exo_handle tables[EXO_HARTS_MAX];
static volatile uint64_t storms, buried;

static void
storm_body(uint64_t argument)
{
	uint64_t address = (uint64_t)targets[argument].memory;

	for (;;) {
		exo_unmap(address, 1, 0, NULL, EXO_NONE);
		exo_map(address, targets[argument].frames, 0, 1, EXO_READ | EXO_WRITE, NULL,
			EXO_NONE);
		storms++;
	}
}

/* Full page tables, taken down in many steps by whoever comes along. Names its own slots: the
 * library's lists are the main thread's. */
static void
burial_body(uint64_t argument)
{
	uint64_t where = BURIALS + argument * 0x40000000ul;
	uint32_t slot = exo_start()->slots - 8 * (uint32_t)argument;
	struct exo_cap_info info = {0};
	int64_t upper, lower, memory[2];

	exo_inspect(tables[argument], 0, &info);
	for (;;) {
		for (uint32_t i = 0; i < 2; i++) {
			memory[i] = exo_carve(tables[argument], slot + i, info.start + 2 * i, 2,
					      EXO_READ | EXO_WRITE, 0);
		}
		upper = exo_create(EXO_CAP_TABLE, (exo_handle)memory[0], slot + 2, 1, 0);
		lower = exo_create(EXO_CAP_TABLE, (exo_handle)memory[1], slot + 3, 0, 0);
		exo_map(where, (exo_handle)upper, 0, 1, EXO_WRITE, NULL, EXO_NONE);
		exo_map(where, (exo_handle)lower, 0, 1, EXO_WRITE, NULL, EXO_NONE);
		buried += exo_map(where, many.frames, 0, 512, EXO_READ, NULL, EXO_NONE) == 0;
		exo_drop((exo_handle)lower, 0, 0);
		exo_drop((exo_handle)memory[1], 0, 0);
		exo_drop((exo_handle)memory[0], 0, 0);
	}
}

/* Carve and drop for some seconds, and until the others have done enough to be compared with: how
 * often. */
static uint64_t
carve_and_drop(const volatile uint64_t *others)
{
	uint64_t begin = exo_now_ns(), turns = 0;

	while (exo_now_ns() < begin + SECONDS * EXO_NS_PER_S ||
	       (*others < ENOUGH && exo_now_ns() < begin + PATIENCE * EXO_NS_PER_S)) {
		exo_handle frames;

		if (exo_frames_carve(exo_own_frames(), 1, 1, &frames) == 0) {
			turns += exo_frames_release(exo_own_frames(), frames) == 0;
		}
	}
	return turns;
}

static void
check_storm(void (*body)(uint64_t), volatile uint64_t *count, const char *what)
{
	struct hostile_thread threads[EXO_HARTS_MAX];
	uint32_t harts = hostile_harts();
	uint64_t turns;
	int right = 0;

	for (uint32_t i = 1; i < harts; i++) {
		right += hostile_thread_start(&threads[i], i, body, i) == 0;
	}
	tap_is(right, harts - 1, what);
	turns = carve_and_drop(count);
	tap_ok(turns && turns * FAIR > *count, "%lu carves and drops while they did it %lu times",
	       (unsigned long)turns, (unsigned long)*count);
	for (uint32_t i = 1; i < harts; i++) {
		right -= exo_env_stop(threads[i].env) == 0;
	}
	tap_is(right, 0, "the storms end");
}

int
main(void)
{
	static const volatile uint64_t nobody = ENOUGH;

	tap_plan(7);
	exo_pages_make(&many, 512);
	for (uint32_t i = 1; i < hostile_harts(); i++) {
		exo_pages_make(&targets[i], 1);
		exo_frames_carve(exo_own_frames(), 4, 2, &tables[i]);
	}
	tap_ok(carve_and_drop(&nobody) > 100, "carves and drops go on without a storm");
	check_storm(storm_body, &storms, "the others unmap");
	check_storm(burial_body, &buried, "the others drop full page tables");
	return tap_end();
}
