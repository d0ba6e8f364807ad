/* SPDX-License-Identifier: MIT
 * frame_test.c: the frame table: ranges, pins, what is idle.
 *
 * links: kern/frame.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/cap.h"
#include "kern/panic.h"

#define BASE  0x80200ul
#define PAGES 16ul

static struct frame frames[PAGES];
static struct captree tree = {.base_page = BASE, .pages = PAGES, .frames = frames};
static jmp_buf panicked;

void
panic(const char *format, ...)
{
	(void)format;
	longjmp(panicked, 1);
}

static int
clear(void **state)
{
	(void)state;
	memset(frames, 0, sizeof(frames));
	return 0;
}

static void
test_ranges(void **state)
{
	(void)state;
	assert_ptr_equal(frame_at(&tree, BASE), &frames[0]);
	assert_ptr_equal(frame_at(&tree, BASE + 5), &frames[5]);
	assert_true(frame_range_ok(&tree, BASE, PAGES));
	assert_true(frame_range_ok(&tree, BASE + PAGES - 1, 1));
	assert_false(frame_range_ok(&tree, BASE - 1, 1));
	assert_false(frame_range_ok(&tree, BASE - 1, 2));
	assert_false(frame_range_ok(&tree, BASE, PAGES + 1));
	assert_false(frame_range_ok(&tree, BASE + PAGES, 1));
	assert_false(frame_range_ok(&tree, 0, BASE + 1));
	assert_false(frame_range_ok(&tree, BASE + 1, UINT64_MAX));
	assert_false(frame_range_ok(&tree, UINT64_MAX, 2));
}

static void
test_pins(void **state)
{
	(void)state;
	assert_int_equal(frame_pin(&tree, BASE + 2, 3), 0);
	assert_int_equal(frame_pin(&tree, BASE + 4, 1), 0);
	for (uint64_t i = 0; i < PAGES; i++) {
		assert_int_equal(frames[i].pins, i == 4 ? 2 : i == 2 || i == 3 ? 1 : 0);
		assert_int_equal(frame_idle(&tree, BASE + i, 1), i >= 2 && i <= 4 ? E_BUSY : 0);
	}
	frame_unpin(&tree, BASE + 2, 3);
	assert_int_equal(frame_idle(&tree, BASE + 2, 2), 0);
	assert_int_equal(frame_idle(&tree, BASE + 3, 2), E_BUSY);
	frame_unpin(&tree, BASE + 4, 1);
	assert_int_equal(frame_idle(&tree, BASE + 4, 1), 0);
}

/* The count cannot wrap, and a refused pin leaves none behind. */
static void
test_pins_overflow(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FRAME_PINS_MAX; i++) {
		assert_int_equal(frame_pin(&tree, BASE + 7, 1), 0);
	}
	assert_int_equal(frame_pin(&tree, BASE + 7, 1), E_LIMIT);
	assert_int_equal(frame_pin(&tree, BASE + 5, 4), E_LIMIT);
	assert_int_equal(frame_pin(&tree, BASE + 6, 1), 0);
	frame_unpin(&tree, BASE + 6, 1);
	assert_int_equal(frames[5].pins, 0);
	assert_int_equal(frames[7].pins, FRAME_PINS_MAX);
	frame_unpin(&tree, BASE + 7, 1);
	assert_int_equal(frame_pin(&tree, BASE + 5, 4), 0);
}

static void
test_unpin_panics(void **state)
{
	(void)state;
	if (!setjmp(panicked)) {
		frame_unpin(&tree, BASE, 1);
		fail_msg("no panic when a frame is unpinned that was not pinned");
	}
}

static void
test_kinds(void **state)
{
	(void)state;
	frame_set(&tree, BASE + 3, 2, FRAME_TABLE, 77);
	for (uint64_t i = 0; i < PAGES; i++) {
		assert_int_equal(frames[i].kind, i == 3 || i == 4 ? FRAME_TABLE : FRAME_USER);
		assert_int_equal(frames[i].holder, i == 3 || i == 4 ? 77 : FRAME_HOLDER_NONE);
	}
	for (int kind = FRAME_USER; kind <= FRAME_OBJECT; kind++) {
		frame_set(&tree, BASE, 1, (enum frame_kind)kind, 1);
		assert_int_equal(frame_idle(&tree, BASE, 1), kind == FRAME_USER ? 0 : E_BUSY);
	}
}

/* A frame somebody can still reach is not idle, whatever else is said about it. */
static void
test_references(void **state)
{
	(void)state;
	frames[1].references = 1;
	assert_int_equal(frame_idle(&tree, BASE, 1), 0);
	assert_int_equal(frame_idle(&tree, BASE, 2), E_BUSY);
}

/* Nor is one in a megapage that is mapped, which counts in its first frame only. */
static void
test_megapage(void **state)
{
	(void)state;
	frames[0].spare = FRAME_UNIT_GROUPS;
	assert_int_equal(frame_idle(&tree, BASE + 5, 1), 0);
	frames[0].references = 1;
	assert_int_equal(frame_idle(&tree, BASE + 5, 1), E_BUSY);
	frame_divide(&tree, BASE + 5);
	assert_int_equal(frame_idle(&tree, BASE + 5, 1), 0);
	assert_int_equal(frame_idle(&tree, BASE, 1), E_BUSY);
}

/* Only frames that still have the holder for whom was fenced are code. */
static void
test_code(void **state)
{
	(void)state;
	frame_set(&tree, BASE, 8, FRAME_USER, 7);
	frame_set(&tree, BASE + 5, 1, FRAME_USER, 8);
	frames[2].kind = FRAME_CLEARING;
	assert_int_equal(frame_code_run(frames, 8), 0);
	frame_mark_code(&tree, BASE, 7, 7);
	assert_int_equal(frame_code_run(frames, 8), 2);
	assert_int_equal(frame_code_run(frames, 1), 1);
	assert_int_equal(frame_code_run(&frames[3], 5), 2);
	assert_int_equal(frame_code_run(&frames[6], 2), 1);
	frame_set(&tree, BASE + 1, 1, FRAME_USER, 7);
	assert_int_equal(frame_code_run(frames, 8), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ranges, clear),
		cmocka_unit_test_setup(test_pins, clear),
		cmocka_unit_test_setup(test_pins_overflow, clear),
		cmocka_unit_test_setup(test_unpin_panics, clear),
		cmocka_unit_test_setup(test_kinds, clear),
		cmocka_unit_test_setup(test_references, clear),
		cmocka_unit_test_setup(test_megapage, clear),
		cmocka_unit_test_setup(test_code, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
