/* SPDX-License-Identifier: MIT
 * hostile_s07_numbers.c: S7: offsets, counts, addresses and names that are huge, zero or wrap
 * around lead to nothing outside of the capability and the user half.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define PAGES   2 /* of eight: the others hold secrets */
#define FIRST   3

#define NOWHERE 0x3200000000ul /* nothing hangs there */

static uint64_t first_page; /* of the part */
static exo_handle part;
static uint64_t window; /* eight free pages of addresses */

static const uint64_t wild[] = {
	0,
	1,
	2,
	3,
	5,
	8,
	511,
	512,
	0x7fff,
	1ul << 20,
	1ul << 26,
	(1ul << 31) - 1,
	1ul << 31,
	1ul << 32,
	(1ul << 32) + 1,
	1ul << 51,
	1ul << 52,
	(1ul << 52) + 1,
	1ul << 63,
	(1ul << 63) + 1,
	~0ul - 1,
	~0ul,
	~0ul << 12,
	~0ul >> 12,
};

/* Does [start, start + count) lie in [0, size), without wrapping, and hold anything? */
static bool
inside(uint64_t start, uint64_t count, uint64_t size)
{
	return count && start < size && count <= size - start;
}

/* Every pair of numbers as (offset, count): what should not have been mapped. */
static void
check_map(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		for (uint32_t k = 0; k < ARRAY_SIZE(wild); k++) {
			int64_t result =
				exo_map(window, part, wild[i], wild[k], EXO_READ, NULL, EXO_NONE);
			bool right = inside(wild[i], wild[k], PAGES);

			wrong += right ? result != 0 : result != E_RANGE;
			if (result == 0) {
				exo_unmap(window, wild[k], 0, NULL, EXO_NONE);
			}
		}
	}
	tap_is(wrong, 0, "only the pages of a capability can be mapped");
}

static void
check_derive(void)
{
	uint32_t wrong = 0;
	uint32_t slot = free_slot();

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		for (uint32_t k = 0; k < ARRAY_SIZE(wild); k++) {
			uint64_t start = first_page + wild[i];
			bool right = inside(wild[i], wild[k], PAGES);
			int64_t carved = exo_carve(part, slot, start, wild[k], EXO_READ, 0);

			wrong += right ? carved < 0 : carved != E_RANGE;
			exo_drop((exo_handle)carved, 0, 0);
			carved = exo_share(part, slot, start, wild[k], EXO_READ, 0);
			wrong += right ? carved < 0 : carved != E_RANGE;
			exo_drop((exo_handle)carved, 0, 0);
		}
	}
	tap_is(wrong, 0, "only parts of a capability can be carved or shared");
}

/* Nothing goes before the numbers are looked at, either. */
static void
check_take(void)
{
	exo_handle child[PAGES];
	struct exo_cap_info info;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < PAGES; i++) {
		child[i] = (exo_handle)exo_carve(part, free_slot(), first_page + i, 1, EXO_READ, 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		for (uint32_t k = 0; k < ARRAY_SIZE(wild); k++) {
			uint64_t start = first_page + wild[i];

			if (!wild[k] || inside(wild[i], wild[k], PAGES)) {
				continue;
			}
			wrong += exo_revoke(part, start, wild[k]) != E_RANGE;
			wrong += exo_drop(part, start, wild[k]) != E_RANGE;
			wrong += exo_ask(part, start, wild[k], 0) != E_RANGE;
			wrong += exo_drop(part, first_page - 1, PAGES) != E_RANGE;
		}
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		wrong += exo_drop(child[i], 0, 0) != 0;
	}
	exo_inspect(part, 0, &info);
	tap_ok(!wrong && info.start == first_page && info.count == PAGES,
	       "nothing else can be asked for, revoked or trimmed");
}

/* Addresses and counts that leave the user half: nothing in it changes either. */
static void
check_addresses(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		for (uint32_t k = 0; k < ARRAY_SIZE(wild); k++) {
			uint64_t address = wild[i] << 12;

			if (inside(wild[i] & (~0ul >> 12), wild[k], EXO_USER_END >> 12)) {
				continue;
			}
			wrong += exo_map(address, part, 0, wild[k], EXO_READ, NULL, EXO_NONE) >= 0;
			wrong += exo_unmap(address, wild[k], 0, NULL, EXO_NONE) != E_RANGE;
			wrong += exo_protect(address, wild[k], EXO_READ, NULL, EXO_NONE) != E_RANGE;
		}
		if (wild[i] & 0xfff) {
			wrong += exo_unmap(window + (wild[i] & 0xfff), 1, 0, NULL, EXO_NONE) !=
				 E_ALIGN;
			wrong += exo_protect(window + (wild[i] & 0xfff), 1, EXO_READ, NULL,
					     EXO_NONE) != E_ALIGN;
			wrong += exo_map(window + (wild[i] & 0xfff), part, 0, 1, EXO_READ, NULL,
					 EXO_NONE) != E_ALIGN;
		}
	}
	tap_is(wrong, 0, "no addresses but those of whole pages in the user half");
}

/* The bits above the user half, while the table of the rest was used last; whatever the kernel
 * counts meanwhile (tables that left a space) must not hide them. */
static void
check_high_bits(void)
{
	exo_handle table = EXO_NONE;
	uint32_t wrong = 0;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	for (uint32_t i = 0; i < 16; i++) {
		exo_map(NOWHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
		exo_unmap(NOWHERE, EXO_GIGA_PAGES, EXO_GIGA, NULL, EXO_NONE);
		exo_map(window, part, 0, 1, EXO_READ, NULL, EXO_NONE);
		for (uint64_t high = EXO_USER_END; high; high <<= 1) {
			uint64_t beside = window + EXO_PAGE_SIZE;

			wrong += exo_map(beside | high, part, 1, 1, EXO_READ, NULL, EXO_NONE) !=
				 E_RANGE;
			wrong += exo_protect(window | high, 1, EXO_READ, NULL, EXO_NONE) != E_RANGE;
			wrong += exo_protect(window | high, 2, EXO_READ, NULL, EXO_NONE) != E_RANGE;
		}
		exo_unmap(window, 2, 0, NULL, EXO_NONE);
	}
	tap_is(wrong, 0, "no bit above the user half is overlooked");
}

/* Slots and indices of leaves. */
static void
check_slots(void)
{
	static const uint32_t past[] = {0, EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF, 1u << 31, ~0u};
	exo_handle memory;
	uint32_t wrong = 0;

	exo_frames_carve(exo_own_frames(), 1, 1, &memory);
	for (uint32_t i = 0; i < ARRAY_SIZE(past); i++) {
		wrong += exo_share(part, past[i], first_page, 1, EXO_READ, 0) != E_SLOT;
		wrong += exo_create(EXO_CAP_CSPACE, memory, past[i], 0, 0) != E_SLOT;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		if (wild[i] >= EXO_LEAVES_MAX) {
			wrong += exo_create(EXO_CAP_CSPACE, memory, free_slot(),
					    exo_start()->cspace, wild[i]) != E_RANGE;
		}
	}
	tap_is(wrong, 0, "no slots but those of the capability space");
	tap_is(exo_create(EXO_CAP_CSPACE, memory, free_slot(), exo_start()->cspace, 0), E_SLOT,
	       "no leaf takes the place of another");
}

int
main(void)
{
	struct exo_cap_info info = {0};
	exo_handle pool;

	tap_plan(8);
	exo_frames_carve(exo_own_frames(), 8, 1, &pool);
	exo_inspect(pool, 0, &info);
	first_page = info.start + FIRST;
	part = (exo_handle)exo_carve(pool, free_slot(), first_page, PAGES, EXO_READ | EXO_WRITE, 0);
	exo_vm_map(exo_own_vm(), part, 0, PAGES, EXO_READ, &window);
	exo_unmap(window, PAGES, 0, NULL, EXO_NONE);
	check_map();
	check_derive();
	check_take();
	check_addresses();
	check_high_bits();
	check_slots();
	tap_is(exo_map(window, part, 0, PAGES, EXO_READ | EXO_WRITE, NULL, EXO_NONE), 0,
	       "the capability is as it was");
	return tap_end();
}
