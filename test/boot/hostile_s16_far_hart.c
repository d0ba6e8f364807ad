/* SPDX-License-Identifier: MIT
 * hostile_s16_far_hart.c: S16: when unmap, protect, drop or revoke returns, no hart reaches the
 * page any more in the way that was taken, not for one more store, however busy it was with it.
 *
 * boot: init SMP=4
 * boot: init SMP=4 APPEND=chitin.asid=off
 */
#include "test/boot/hostile.h"

#define TURNS  3
#define MAGIC  0x600d600d600d600dul
#define WAY_IN 0xb00000000ul /* where the others store */

enum way { UNMAP, PROTECT, DROP_SHARE, REVOKE, DROP_PART, TRIM, WAYS };
static const char *const names[] = {"unmap",  "protect",        "drop of a share",
				    "revoke", "drop of a part", "trim"};

static exo_handle pool, part, share; /* part of the pool, share of the part */
static uint64_t number;              /* of the page */
static volatile uint64_t stores[EXO_HARTS_MAX];

/* Stores to the page for ever; a fault is stepped over. */
static void
store_body(uint64_t hart)
{
	for (;;) {
		__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop"
				 :
				 : "r"(hart), "r"(WAY_IN)
				 : "memory");
		stores[hart]++;
	}
}

/* Wait until each of them has tried once more: time alone would let a hart that does not run just
 * then hide what it still may. */
static bool
all_store(void)
{
	uint64_t before[EXO_HARTS_MAX];

	memcpy(before, (const void *)stores, sizeof(before));
	for (uint32_t i = 1; i < hostile_harts(); i++) {
		for (uint64_t tries = 0; stores[i] == before[i] && tries < 100000000; tries++) {
		}
		if (stores[i] == before[i]) {
			return false;
		}
	}
	return true;
}

/* The page, carved anew, shared, and mapped where the others store. */
static bool
set_up(uint32_t part_slot, uint32_t share_slot)
{
	int64_t carved = exo_carve(pool, part_slot, number, 2, EXO_READ | EXO_WRITE, 0);
	int64_t shared =
		exo_share((exo_handle)carved, share_slot, number, 1, EXO_READ | EXO_WRITE, 0);

	part = (exo_handle)carved;
	share = (exo_handle)shared;
	return shared > 0 &&
	       exo_map(WAY_IN, share, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE) == 0;
}

static int64_t
take(enum way way)
{
	switch (way) {
	case UNMAP:
		return exo_unmap(WAY_IN, 1, 0, NULL, EXO_NONE) & 0;
	case PROTECT:
		return exo_protect(WAY_IN, 1, EXO_READ, NULL, EXO_NONE) & 0;
	case DROP_SHARE:
		return exo_drop(share, 0, 0);
	case REVOKE:
		return exo_revoke(part, 0, 0);
	case DROP_PART:
		return exo_drop(part, 0, 0);
	default: /* a range of the pool, which takes the whole part */
		return exo_revoke(pool, number + 1, 1);
	}
}

/* Is the page only its next holder's from now on? */
static bool
is_mine(exo_handle holder, uint32_t slot, bool fresh)
{
	uint64_t address;
	bool same;

	if (holder == EXO_NONE) {
		holder = (exo_handle)exo_carve(pool, slot, number, 1, EXO_READ | EXO_WRITE, 0);
	}
	if (exo_vm_map(exo_own_vm(), holder, 0, 1, EXO_READ | EXO_WRITE, &address) != 0) {
		return false;
	}
	same = !fresh || *at(address) == 0;
	*at(address) = MAGIC;
	same &= all_store();
	same &= all_store(); /* what counts in this round was not begun before the first */
	same &= *at(address) == MAGIC;
	exo_vm_unmap(exo_own_vm(), address, 1);
	return same;
}

static void
check(enum way way, const uint32_t slots[3])
{
	uint32_t wrong = 0;

	for (uint32_t turn = 0; turn < TURNS; turn++) {
		bool gone = way >= DROP_PART;

		wrong += !set_up(slots[0], slots[1]) || !all_store();
		wrong += take(way) != 0;
		wrong += !is_mine(gone                                 ? EXO_NONE
				  : way == REVOKE || way == DROP_SHARE ? part
								       : share,
				  slots[2], gone);
		exo_revoke(pool, 0, 0);
	}
	tap_is(wrong, 0, names[way]);
}

int
main(void)
{
	struct hostile_thread thread;
	struct exo_cap_info info = {0};
	const uint32_t slots[3] = {free_slot(), free_slot(), free_slot()};
	exo_handle table;
	int right = 0;

	tap_plan(1 + WAYS + 1);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WAY_IN & ~0x3ffffffful, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(WAY_IN, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), 4, 1, &pool);
	exo_inspect(pool, 0, &info);
	number = info.start;
	for (uint32_t i = 1; i < hostile_harts(); i++) {
		right += hostile_thread_make(&thread, i, store_body, i) == 0 &&
			 exo_env_entry(thread.env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
				       (uint64_t)exo_skip_window) == 0 &&
			 exo_env_start(thread.env) == 0;
	}
	tap_is(right, hostile_harts() - 1, "the other harts store");
	for (enum way way = 0; way < WAYS; way++) {
		check(way, slots);
	}
	tap_ok(all_store(), "they still try");
	return tap_end();
}
