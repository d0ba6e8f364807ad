/* SPDX-License-Identifier: MIT
 * no_ad_test.c: harts that do not set accessed and dirty bits but fault where one is missing: every
 * entry has both, however it came about, and programs that ask for others run all the same.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <exo/ring.h>

#include "lib/base/checked.h"
#include "test/fake/board.h"
#include "test/model/calls.h"

#define REGION 0x40000000ul
#define USED   (EXO_ACCESSED | EXO_DIRTY)
#define RW     (EXO_READ | EXO_WRITE)
#define BITS   0x3fful
#define FIXED  0x11ul
#define SLOT   300

static const struct exo_boot *boot;
static exo_handle frame, unit, tables[2], copy, ring;
static uint64_t *small, *above; /* entries for REGION, and for 2 MiB from there on */

static exo_handle
made(int64_t result)
{
	assert_true(result > 0);
	return (exo_handle)result;
}

/* Can init load, store there? A walk that ends in a fault does neither. */
static bool
is_reached(uint64_t address, bool store)
{
	return tlb_translate(0, address, store ? TLB_STORE : TLB_LOAD) != 0;
}

static void
expect_entry(uint64_t entry, uint64_t chosen)
{
	assert_int_equal(entry & BITS, FIXED | USED | chosen);
}

static void
test_it_is_told(void **state)
{
	(void)state;
	assert_int_equal(kernel_get()->sysinfo->isa_ad, 0);
}

/* By the short way and by the long one, with the bits or without. */
static void
test_map(void **state)
{
	static const uint64_t flags[] = {EXO_READ,
					 RW,
					 RW | EXO_SOFT0,
					 RW | EXO_ACCESSED,
					 RW | EXO_DIRTY | EXO_SOFT1,
					 RW | USED,
					 EXO_READ | EXO_EXEC};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(CALL(map, REGION, frame, 0, 1, flags[i]), 0);
		expect_entry(small[0], flags[i] & ~USED);
		assert_true(is_reached(REGION, false));
		assert_int_equal(is_reached(REGION, true), flags[i] >> 2 & 1);
		assert_int_equal(CALL(unmap, REGION, 1, 0), USED);
		assert_false(is_reached(REGION, false));
	}
}

/* What protect finds are always both, and both stay. */
static void
test_protect(void **state)
{
	static const uint64_t flags[] = {EXO_READ, RW, RW | EXO_SOFT0, EXO_READ | USED, RW, 0, RW};

	(void)state;
	assert_int_equal(CALL(map, REGION, frame, 0, 2, RW), 0);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(CALL(protect, REGION, 1, flags[i]), USED);
		expect_entry(small[0], flags[i] & ~USED);
		assert_int_equal(is_reached(REGION, true), flags[i] >> 2 & 1);
		assert_int_equal(CALL(protect, REGION, 2, flags[i]), USED);
		expect_entry(small[1], flags[i] & ~USED);
		assert_int_equal(is_reached(REGION + EXO_PAGE_SIZE, false), flags[i] >> 1 & 1);
	}
	assert_int_equal(CALL(unmap, REGION, 2, 0), USED);
}

static void
test_large(void **state)
{
	uint64_t at = REGION + EXO_MEGA_PAGES * EXO_PAGE_SIZE;

	(void)state;
	assert_int_equal(CALL(clear, unit, 0, EXO_MEGA_PAGES), 0);
	assert_int_equal(CALL(map, at, unit, 0, EXO_MEGA_PAGES, RW | EXO_MEGA), 0);
	expect_entry(*above, RW);
	assert_true(is_reached(at + 77 * EXO_PAGE_SIZE, true));
	assert_int_equal(CALL(protect, at, EXO_MEGA_PAGES, EXO_READ | EXO_MEGA), USED);
	expect_entry(*above, EXO_READ);
	assert_true(is_reached(at, false));
	assert_false(is_reached(at, true));
	assert_int_equal(CALL(unmap, at, EXO_MEGA_PAGES, EXO_MEGA), USED);
}

/* A ring's page, a u-area, a table to look at, registers of a device. */
static void
test_objects(void **state)
{
	const exo_handle things[] = {ring, boot->env, tables[0], boot->windows[0]};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		uint64_t rights = i == 2 ? EXO_READ : RW;

		assert_int_equal(CALL(map, REGION, things[i], 0, 1, rights), 0);
		expect_entry(small[0], rights);
		assert_true(is_reached(REGION, false));
		assert_int_equal(is_reached(REGION, true), i != 2);
		assert_int_equal(CALL(unmap, REGION, 1, 0), USED);
	}
}

/* A copy of a table that is shared has them as well. */
static void
test_unshare(void **state)
{
	uint64_t twice = REGION + 4 * EXO_MEGA_PAGES * EXO_PAGE_SIZE;

	(void)state;
	assert_int_equal(CALL(map, REGION, frame, 0, 1, RW | EXO_SOFT0), 0);
	assert_int_equal(CALL(map, twice, tables[0], 0, 1, EXO_WRITE), 0);
	assert_int_equal(CALL(unshare, twice, copy, EXO_NONE, 0), 0);
	expect_entry(*(uint64_t *)calls_page(calls_cap(EXO_HANDLE_INDEX(copy))->start),
		     RW | EXO_SOFT0);
	assert_true(is_reached(twice, true));
	assert_int_equal(CALL(unmap, REGION, 1, 0), USED);
	assert_true(is_reached(twice, true));
	calls_check();
}

static exo_handle
object(uint32_t type, uint64_t page, uint32_t slot, uint64_t arg0)
{
	made(CALL(carve, calls_frames(), slot, page, 2, RW));
	return made(
		CALL(create, type, calls_cap(slot)->word >> 32 << 32 | slot, slot + 1, arg0, 0));
}

static void
set_up(void)
{
	uint64_t end = (BOARD_RAM + BOARD_RAM_BYTES) >> EXO_PAGE_SHIFT;
	uint64_t page;

	host_ad_set(false);
	boot = calls_boot();
	page = calls_cap(EXO_HANDLE_INDEX(calls_frames()))->start;
	page += (page - kernel_get()->tree.base_page) & 1;
	tables[1] = object(EXO_CAP_TABLE, page, SLOT, 1);
	tables[0] = object(EXO_CAP_TABLE, page + 2, SLOT + 2, 0);
	copy = object(EXO_CAP_TABLE, page + 4, SLOT + 4, 0);
	ring = object(EXO_CAP_RING, page + 6, SLOT + 6, EXO_RING_DISK);
	frame = made(CALL(carve, calls_frames(), SLOT + 8, page + 8, 2, RW | EXO_EXEC));
	unit = made(
		CALL(carve, calls_frames(), SLOT + 9, end - EXO_MEGA_PAGES, EXO_MEGA_PAGES, RW));
	assert_int_equal(CALL(map, REGION, tables[1], 0, 1, EXO_WRITE), 0);
	assert_int_equal(CALL(map, REGION, tables[0], 0, 1, EXO_WRITE), 0);
	small = calls_page(page + 2);
	above = (uint64_t *)calls_page(page) + 1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_told), cmocka_unit_test(test_map),
		cmocka_unit_test(test_protect),    cmocka_unit_test(test_large),
		cmocka_unit_test(test_objects),    cmocka_unit_test(test_unshare),
	};

	set_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
