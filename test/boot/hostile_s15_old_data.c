/* SPDX-License-Identifier: MIT
 * hostile_s15_old_data.c: S15: nobody finds in a page, or in the frames of a u-area, a ring or a
 * page table, what another holder left there.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define SECRET 0x5ec12e7ul
#define UNIT   EXO_MEGA_PAGES
#define BYTES  (UNIT * EXO_PAGE_SIZE)
#define WHERE  0x3200000000ul /* not the libraries': nothing hangs there */
#define RW     (EXO_READ | EXO_WRITE)

/* A page that somebody else held is zero for whoever carves it next, however it is reached. */
static void
check_old_data(void)
{
	struct exo_pages other;
	uint64_t sum = 0;
	exo_handle part, pool;
	uint64_t address;

	exo_frames_carve(exo_own_frames(), 1, 1, &pool);
	exo_vm_map(exo_own_vm(), pool, 0, 1, EXO_READ | EXO_WRITE, &address);
	*at(address) = SECRET;
	exo_vm_unmap(exo_own_vm(), address, 1);
	struct exo_cap_info info;
	exo_inspect(pool, 0, &info);
	part = (exo_handle)exo_carve(pool, free_slot(), info.start, 1, EXO_READ, 0);
	tap_is(exo_vm_map(exo_own_vm(), part, 0, 1, EXO_READ, &address), 0,
	       "a part of a page that was written is mapped");
	tap_is((int64_t)*at(address), 0, "and is zero for its new holder");
	tap_is(exo_drop(part, 0, 0), 0, "the part goes");
	tap_is(exo_vm_map(exo_own_vm(), pool, 0, 1, EXO_READ, &address), 0,
	       "the page is mapped again");
	tap_is((int64_t)*at(address), 0, "and is zero");
	for (int i = 0; i < 20; i++) {
		exo_pages_make(&other, 8);
		for (int k = 0; k < 8 * 512; k++) {
			sum |= ((uint64_t *)other.memory)[k];
		}
		memset(other.memory, 0x55, 8 * EXO_PAGE_SIZE);
		exo_pages_end(&other);
	}
	tap_is((int64_t)sum, 0, "every new page is zero");
}

/* Words of `address` that are not what a fresh page of the kernel's may hold: not 0. */
static uint64_t
dirt_of_page(uint64_t address)
{
	uint64_t dirt = 0;

	for (uint32_t i = 0; i < EXO_PAGE_SIZE / 8; i++) {
		dirt |= at(address)[i];
	}
	return dirt;
}

/* An object made of pages full of secrets, the part of it that a program may map. */
static void
check_object(uint32_t type, uint64_t arg0, uint64_t arg1, const char *what)
{
	exo_handle frames, object;
	uint64_t address;

	exo_frames_carve(exo_own_frames(), 2, 2, &frames);
	exo_vm_map(exo_own_vm(), frames, 0, 2, EXO_READ | EXO_WRITE, &address);
	memset((void *)address, 0x55, 2 * EXO_PAGE_SIZE);
	exo_vm_unmap(exo_own_vm(), address, 2);
	object = (exo_handle)exo_create(type, frames, free_slot(), arg0, arg1);
	tap_is(exo_vm_map(exo_own_vm(), object, 0, 1, EXO_READ, &address), 0, what);
	tap_is((int64_t)dirt_of_page(address), 0, "holds nothing of those");
	exo_vm_unmap(exo_own_vm(), address, 1);
	exo_drop(object, 0, 0);
	exo_vm_map(exo_own_vm(), frames, 0, 2, EXO_READ, &address);
	tap_ok(!(dirt_of_page(address) | dirt_of_page(address + EXO_PAGE_SIZE)),
	       "nor do its pages afterwards");
	exo_vm_unmap(exo_own_vm(), address, 2);
	exo_drop(frames, 0, 0);
}

/* A table that came apart is created again without clearing: what was mapped in it is gone, and
 * so is what was noted there. */
static void
check_table_again(exo_handle page)
{
	exo_handle frames, upper, table, again;
	uint64_t address;
	uint32_t slot = free_slot();

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &upper, NULL);
	exo_frames_carve(exo_own_frames(), 2, 2, &frames);
	table = (exo_handle)exo_create(EXO_CAP_TABLE, frames, slot, 0, 0);
	exo_map(WHERE, upper, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(exo_map(WHERE, page, page ? 0 : SECRET, 1, page ? EXO_READ : 0, NULL, EXO_NONE), 0,
	       page ? "a page is mapped in a table" : "something is noted in a table");
	exo_drop(table, 0, 0);
	again = (exo_handle)exo_create(EXO_CAP_TABLE, frames, slot, 0, 0);
	tap_is(exo_vm_map(exo_own_vm(), again, 0, 1, EXO_READ, &address), 0, "one in its place");
	tap_is((int64_t)dirt_of_page(address), 0, "holds nothing of it");
	exo_vm_unmap(exo_own_vm(), address, 1);
	exo_drop(again, 0, 0);
	exo_drop(frames, 0, 0);
	exo_drop(upper, 0, 0);
}

/* Makes the last pages of `unit` a page table, hangs it and fills it with `pages`. */
static void
fill_table(exo_handle unit, uint64_t last, uint64_t address, const struct exo_pages *pages)
{
	int64_t pair = exo_carve(unit, free_slot(), last, 2, RW, 0);
	int64_t table = exo_create(EXO_CAP_TABLE, (exo_handle)pair, free_slot(), 0, 0);

	exo_map(address, (exo_handle)table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(exo_map(address, pages->frames, 0, UNIT, RW, NULL, EXO_NONE), 0,
	       "a part of a unit is a full page table");
}

/* Of the last one a page is mapped at once, in the straight way. */
static void
check_page(exo_handle pool, uint64_t page)
{
	int64_t part = exo_carve(pool, free_slot(), page, 1, RW, 0);
	uint64_t address = 0;

	exo_vm_reserve(exo_own_vm(), 1, &address);
	exo_unmap(address, 1, 0, NULL, EXO_NONE); /* so its table is the one used last */
	tap_is(exo_map(address, (exo_handle)part, 0, 1, EXO_READ, NULL, EXO_NONE), 0,
	       "a page of a table is mapped");
	tap_is((int64_t)dirt_of_page(address), 0, "nothing of the table is in it");
	tap_is(exo_drop((exo_handle)part, 0, 0), 0, "it is given up");
}

/* They have not come apart yet when the next holder clears the unit. */
static void
check_unit(void)
{
	exo_handle upper, pool, unit;
	struct exo_cap_info info = {0};
	struct exo_pages pages;
	uint64_t dirt = 0;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &upper, NULL);
	exo_map(WHERE, upper, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_pages_make(&pages, UNIT);
	exo_frames_carve(exo_own_frames(), UNIT, UNIT, &pool);
	exo_inspect(pool, 0, &info);
	unit = (exo_handle)exo_carve(pool, free_slot(), info.start, UNIT, RW, 0);
	fill_table(unit, info.start + UNIT - 2, WHERE, &pages);
	fill_table(unit, info.start + UNIT - 4, WHERE + BYTES, &pages);
	fill_table(unit, info.start + UNIT - 6, WHERE + 2 * BYTES, &pages);
	tap_is(exo_drop(unit, 0, 0), 0, "all of it goes");
	check_page(pool, info.start + UNIT - 2);
	unit = (exo_handle)exo_carve(pool, free_slot(), info.start, UNIT, RW, 0);
	tap_is(exo_clear(unit, 0, UNIT), 0, "its next holder clears it");
	tap_is(exo_map(WHERE, unit, 0, UNIT, RW | EXO_MEGA, NULL, EXO_NONE), 0, "and maps it");
	for (uint64_t i = 0; i < BYTES / 8; i++) {
		dirt |= at(WHERE)[i];
	}
	tap_is((int64_t)dirt, 0, "nothing of the tables is in it");
}

int
main(void)
{
	exo_handle page;

	tap_plan(6 + 9 + 6 + 10);
	check_old_data();
	check_object(EXO_CAP_ENV, 0, THREAD_UAREAS, "a u-area of used pages");
	check_object(EXO_CAP_TABLE, 0, 0, "a page table of used pages");
	check_object(EXO_CAP_RING, EXO_RING_DISK, 1, "a ring of used pages");
	exo_frames_carve(exo_own_frames(), 1, 1, &page);
	check_table_again(page);
	check_table_again(EXO_NONE);
	check_unit();
	return tap_end();
}
