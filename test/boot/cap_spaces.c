/* SPDX-License-Identifier: MIT
 * cap_spaces.c: leaves that come again, and a capability space that several environments use.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define LEAF  400 /* far behind those that lib/exo adds */
#define SLOT  (LEAF * EXO_SLOTS_PER_LEAF + 5)
#define TURNS 20

static exo_handle page;
static uint64_t number; /* of the page */

/* What stood in the leaf before is not named by its old handle, whatever stands there now. */
static void
check_leaf_again(void)
{
	exo_handle old[TURNS], leaf, memory;
	struct exo_cap_info info;
	int made = 0, shared = 0, aliases = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		made += exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, exo_start()->cspace,
					  LEAF, &leaf, &memory) == 0;
		for (int i = 0; i < 1 + turn % 3; i++) { /* the slot is used some times */
			old[turn] = (exo_handle)exo_share(page, SLOT, number, 1, EXO_READ, 0);
			shared += i == 0 && (int64_t)old[turn] > 0;
			for (int k = 0; k < turn; k++) {
				aliases += exo_inspect(old[k], 0, &info) != E_HANDLE;
			}
			if (i < turn % 3) {
				exo_drop(old[turn], 0, 0);
			}
		}
		made -= exo_frames_destroy(exo_own_frames(), leaf, memory) == 0;
	}
	tap_is(made, 0, "a leaf is made and dropped at the same place");
	tap_is(shared, TURNS, "each time a slot of it is filled");
	tap_is(aliases, 0, "no handle of an earlier leaf names anything");
}

static volatile int ran;

static void
thread_body(uint64_t argument)
{
	ran += (int)argument;
	exo_exit(0);
}

static int
asked(void)
{
	volatile struct exo_uarea *u = (struct exo_uarea *)exo_start()->uarea;
	int64_t result = exo_ask(page, number, 1, 0);
	int found = 0;

	for (int i = 0; i < EXO_ASKS; i++) {
		found += u->asks[i].handle != 0;
		u->asks[i].handle = 0;
	}
	return result == 0 ? found : (int)result;
}

/* Who is asked is an environment that can answer: not one that ended, though it was the last to be
 * bound to the space. */
static void
check_shared_space(void)
{
	struct hostile_thread thread;
	uint32_t slot = (uint32_t)exo_slot_take();
	exo_handle child = (exo_handle)exo_share(page, slot, number, 1, EXO_READ, 0);

	tap_is(asked(), 1, "the only one in the space is asked");
	tap_is(hostile_thread_start(&thread, 0, thread_body, 1), 0, "another one runs in it");
	while (!ran) {
		exo_yield(thread.env);
	}
	for (int i = 0; i < 10; i++) {
		exo_yield(EXO_NONE);
	}
	tap_is(asked(), 1, "when that has ended the first one is asked");
	tap_is(hostile_thread_end(&thread), 0, "it is taken apart");
	tap_is(asked(), 1, "then the first one is asked, too");
	exo_slot_drop(child);
}

int
main(void)
{
	struct exo_cap_info info;

	tap_plan(8);
	exo_frames_carve(exo_own_frames(), 1, 1, &page);
	exo_inspect(page, 0, &info);
	number = info.start;
	check_leaf_again();
	check_shared_space();
	return tap_end();
}
