/* SPDX-License-Identifier: MIT
 * hostile_s45_freed.c: S45: the frames of an environment that is gone belong to their next holder:
 * no hart looks at them or writes to them any more, whatever it had to do with that environment.
 *
 * Positions of another hart's timeline are bound to an environment that goes at once, while that
 * hart sleeps: it has not been woken yet when its pages are somebody's memory.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define WHERE     0x3200000000ul
#define WORDS     1024
#define PATTERN   0x0101010101010101ul /* what a flag is in it is set */
#define ROUNDS    400
#define POSITIONS 16
#define RW        (EXO_READ | EXO_WRITE)

static exo_handle memory, positions;
static uint32_t env_slot;

static void
prepare(void)
{
	struct exo_cap_info info = {0};
	exo_handle table;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), 2, 2, &memory);
	exo_inspect(exo_boot()->timelines[1], 0, &info);
	positions = (exo_handle)exo_carve(exo_boot()->timelines[1], free_slot(), info.start,
					  POSITIONS, EXO_SLOT_BIND, 0);
	env_slot = free_slot();
}

/* An environment comes, has positions for a while, and goes, or first they and then it. */
static uint32_t
live(bool positions_first)
{
	int64_t env = exo_create(EXO_CAP_ENV, memory, env_slot, 1 | EXO_ENV_BOUND << 8,
				 EXO_UAREA_BASE);
	uint32_t failed = env < 0;

	failed += exo_bind(EXO_BIND_SLOT, (exo_handle)env, positions, 0) != 0;
	linger(100000);
	if (positions_first) {
		failed += exo_revoke(positions, 0, 0) != 0;
	}
	return failed + (exo_drop((exo_handle)env, 0, 0) != 0);
}

/* How many words of its memory are not what was written there? */
static uint32_t
count_changed(void)
{
	uint32_t changed = 0;

	for (uint64_t i = 0; i < WORDS; i++) {
		at(WHERE)[i] = PATTERN;
	}
	linger(100000);
	for (uint64_t i = 0; i < WORDS; i++) {
		changed += at(WHERE)[i] != PATTERN;
	}
	return changed;
}

int
main(void)
{
	uint32_t failed = 0, changed = 0;

	tap_plan(2);
	prepare();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		failed += live(round & 1);
		failed += exo_map(WHERE, memory, 0, 2, RW, NULL, EXO_NONE) != 0;
		changed += count_changed();
		failed += exo_unmap(WHERE, 2, 0, NULL, EXO_NONE) < 0;
	}
	tap_is(failed, 0, "an environment has positions and goes, again and again");
	tap_is(changed, 0, "and nobody writes to what was its memory");
	return tap_end();
}
