/* SPDX-License-Identifier: MIT
 * harts_spin.c: four environments that never yield, one on each hart, advance together, and beside
 * each of them another one of that hart.
 *
 * boot: init SMP=4
 */
#include "test/boot/hostile.h"

#define HARTS   4
#define WINDOWS 10
#define MS      1000000ul
#define PATIENCE 500 /* pauses of 10 ms: harts may be threads of fewer processors */

static volatile uint64_t turns[HARTS][2];

static void
body(uint64_t argument)
{
	volatile uint64_t *mine = &turns[argument / 2][argument % 2];

	for (;;) {
		++*mine;
	}
}

/* Waits until all have gone on since `before`; false: somebody has not. */
static bool
all_went_on(uint64_t before[HARTS][2])
{
	uint32_t behind = HARTS * 2;

	for (int i = 0; behind && i < PATIENCE; i++) {
		exo_pause(10 * MS);
		behind = 0;
		for (uint32_t k = 0; k < HARTS * 2; k++) {
			behind += turns[k / 2][k % 2] == before[k / 2][k % 2];
		}
	}
	return !behind;
}

int
main(void)
{
	struct hostile_thread thread[HARTS * 2];
	uint64_t before[HARTS][2];
	uint32_t right = 0;

	tap_plan(3);
	for (uint64_t i = 0; i < HARTS * 2; i++) {
		right += hostile_thread_start(&thread[i], (uint32_t)(i / 2), body, i) == 0;
	}
	tap_is(right, HARTS * 2, "two on each hart");
	right = 0;
	for (uint32_t i = 0; i < WINDOWS; i++) {
		memcpy(before, (const void *)turns, sizeof(before));
		right += all_went_on(before);
	}
	tap_is(right, WINDOWS, "all of them go on, ten times in a row");
	right = 0;
	for (uint32_t i = 0; i < HARTS; i++) {
		right += turns[i][0] < 4 * turns[i][1] && turns[i][1] < 4 * turns[i][0];
		printf("# hart %u: %lu and %lu turns\n", i, (unsigned long)turns[i][0],
		       (unsigned long)turns[i][1]);
	}
	tap_is(right, HARTS, "the two of a hart share it");
	return tap_end();
}
