/* SPDX-License-Identifier: MIT
 * hostile_s11_stale.c: S11: a handle means nothing once its slot was emptied, whatever emptied it
 * and whatever stands there now.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define TURNS 1000

static exo_handle page, env;
static uint64_t number; /* of the page */
static exo_handle old[TURNS];

static exo_handle
share(uint32_t slot)
{
	return (exo_handle)exo_share(page, slot, number, 1, EXO_READ, 0);
}

static bool
is_stale(exo_handle handle)
{
	struct exo_cap_info info;

	return exo_inspect(handle, 0, &info) == E_HANDLE && exo_drop(handle, 0, 0) == E_HANDLE &&
	       exo_map(EXO_VM_START, handle, 0, 1, EXO_READ, NULL, EXO_NONE) == E_HANDLE;
}

static uint32_t
count_live(uint32_t count)
{
	uint32_t live = 0;

	for (uint32_t i = 0; i < count; i++) {
		live += !is_stale(old[i]);
	}
	return live;
}

/* The same slot, again and again, emptied in every way there is. */
static void
check_slot(void)
{
	uint32_t slot = free_slot(), other = free_slot(), wrong = 0;

	for (uint32_t i = 0; i < TURNS; i++) {
		old[i] = share(slot);
		switch (i % 3) {
		case 0:
			wrong += exo_drop(old[i], 0, 0) != 0;
			break;
		case 1:
			wrong += exo_revoke(page, 0, 0) != 0;
			break;
		default: {
			int64_t moved = exo_give(env, old[i], other);

			wrong += moved < 0 || exo_drop((exo_handle)moved, 0, 0) != 0;
		}
		}
	}
	tap_is(wrong, 0, "a slot is filled and emptied");
	tap_is(count_live(TURNS), 0, "none of the old handles names anything");
	tap_ok(share(slot) > 0, "it is full once more");
	tap_is(count_live(TURNS), 0, "nor do they name what stands there now");
}

/* A leaf is taken away with all that is in it, and another one, of the same page, takes its place.
 */
static void
check_leaf(void)
{
	uint32_t slot = 300 * EXO_SLOTS_PER_LEAF + 5;
	exo_handle memory, leaf;
	uint32_t wrong = 0, leaf_slot = free_slot();

	exo_frames_carve(exo_own_frames(), 1, 1, &memory);
	for (uint32_t i = 0; i < TURNS / 10; i++) {
		leaf = EXO_NONE;
		for (int tries = 0; tries < 100 && (int64_t)leaf <= 0; tries++) {
			leaf = (exo_handle)exo_create(EXO_CAP_CSPACE, memory, leaf_slot,
						      exo_start()->cspace, 300);
		}
		old[i] = share(slot);
		wrong += (int64_t)leaf <= 0 || (int64_t)old[i] <= 0;
		wrong += i && !is_stale(old[i - 1]);
		wrong += exo_drop(leaf, 0, 0) != 0;
	}
	tap_is(wrong, 0, "a leaf that is made again knows no old handle");
	tap_is(count_live(TURNS / 10), 0, "nor does an empty place");
}

int
main(void)
{
	struct exo_cap_info info = {0};
	exo_handle memory;

	tap_plan(6);
	exo_frames_carve(exo_own_frames(), 1, 1, &page);
	exo_inspect(page, 0, &info);
	number = info.start;
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &env, &memory);
	exo_bind(EXO_BIND_CSPACE, env, exo_start()->cspace, 0);
	check_slot();
	check_leaf();
	return tap_end();
}
