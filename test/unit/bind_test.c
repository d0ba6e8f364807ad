/* SPDX-License-Identifier: MIT
 * bind_test.c: lists of bindings against an array: page-table entries and nodes in objects, mixed.
 * 10^5 steps; LONG=1: 10^6.
 *
 * links: kern/cap.c kern/sibling.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/cap.h"
#include "kern/panic.h"
#include "lib/base/rand.h"

#define CAPS     5
#define BINDINGS 300

/* Page 2: capabilities; 4 to 7: two page tables, each before its shadow; 8: an object. */
static uint8_t ram[16 * EXO_PAGE_SIZE] __attribute__((aligned(8192)));
static struct captree tree = {.base = ram, .pages = 16};

struct expected {
	int cap;       /* -1: not bound */
	uint64_t time; /* later ones stand before earlier ones */
	bool writable;
};
static struct expected expected[BINDINGS];

void
panic(const char *format, ...)
{
	(void)format;
	abort();
}

static struct cap *
slot(int i)
{
	return (struct cap *)(ram + 2 * EXO_PAGE_SIZE) + 1 + i;
}

static uint8_t *
place(int i)
{
	switch (i % 3) {
	case 0:
		return ram + 4 * EXO_PAGE_SIZE + i * 8;
	case 1:
		return ram + 6 * EXO_PAGE_SIZE + 4096 - 8 - i * 8;
	default:
		return ram + 8 * EXO_PAGE_SIZE + i * 8 / 16 * 16;
	}
}

static uint32_t
id_of(int i)
{
	return i % 3 == 2 ? bind_object_id(&tree, place(i)) : bind_pte_id(&tree, place(i));
}

/* The binding of c that was made last before `time`. */
static int
last_before(int c, uint64_t time)
{
	int found = -1;

	for (int i = 0; i < BINDINGS; i++) {
		const struct expected *e = &expected[i];
		if (e->cap == c && e->time < time &&
		    (found < 0 || e->time > expected[found].time)) {
			found = i;
		}
	}
	return found;
}

static void
compare_list(int c)
{
	uint32_t id = slot(c)->bindings;
	uint32_t prev = BIND_CAP | cap_id(&tree, slot(c));

	for (int i = last_before(c, UINT64_MAX); i >= 0; i = last_before(c, expected[i].time)) {
		assert_int_equal(id, id_of(i));
		assert_int_equal(bind_at(&tree, id)->prev, prev);
		assert_int_equal(!(bind_at(&tree, id)->next & BIND_WRITABLE),
				 !expected[i].writable);
		prev = id;
		id = bind_at(&tree, id)->next & ~BIND_WRITABLE;
	}
	assert_int_equal(id, 0);
}

static void
step(uint64_t *seed, uint64_t time)
{
	int i = (int)rand_below(seed, BINDINGS);
	struct expected *e = &expected[i];
	int c = e->cap;

	if (c >= 0) {
		assert_ptr_equal(bind_cap(&tree, id_of(i)), slot(c));
		bind_unlink(&tree, id_of(i));
		e->cap = -1;
	} else {
		c = (int)rand_below(seed, CAPS);
		*e = (struct expected){
			.cap = c, .time = time, .writable = i % 3 != 2 && rand_below(seed, 2)};
		bind_link(&tree, slot(c), id_of(i), e->writable ? BIND_WRITABLE : 0);
	}
	compare_list(c);
}

static void
test_random(void **state)
{
	uint64_t seed = 3, steps = getenv("LONG") ? 1000000 : 100000;

	(void)state;
	for (int i = 0; i < BINDINGS; i++) {
		expected[i].cap = -1;
	}
	/* Links of entries that are not valid are never cleared, so they may hold anything. */
	memset(ram + 4 * EXO_PAGE_SIZE, 0xa5, 5 * EXO_PAGE_SIZE);
	for (uint64_t time = 1; time <= steps; time++) {
		step(&seed, time);
	}
	for (size_t i = 0; i < 2 * EXO_PAGE_SIZE; i++) {
		assert_int_equal(ram[i], 0); /* where a link of 0 would lead */
	}
}

/* The links of an entry stand at the same place of the odd frame of its pair; nothing else is
 * written. */
static void
test_places(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	for (int i = 0; i < BINDINGS; i++) {
		uint8_t *at = place(i) + (i % 3 == 2 ? 0 : 4096);
		assert_ptr_equal(bind_at(&tree, id_of(i)), at);
		assert_int_equal(id_of(i) & BIND_TAG, i % 3 == 2 ? BIND_OBJECT : 0);
	}
	bind_link(&tree, slot(0), id_of(0), BIND_WRITABLE);
	bind_unlink(&tree, id_of(0));
	for (size_t i = 4 * EXO_PAGE_SIZE; i < 5 * EXO_PAGE_SIZE; i++) {
		assert_int_equal(ram[i], 0);
	}
}

/* A moved capability takes its bindings along. */
static void
test_move(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	slot(0)->word = EXO_CAP_FRAME;
	for (int i = 0; i < 9; i++) {
		bind_link(&tree, slot(0), id_of(i), 0);
	}
	assert_int_equal(cap_move(&tree, slot(0), slot(1)), 0);
	for (int i = 0; i < 9; i++) {
		assert_ptr_equal(bind_cap(&tree, id_of(i)), slot(1));
		bind_unlink(&tree, id_of(i));
	}
	assert_int_equal(slot(1)->bindings, 0);
	assert_int_equal(slot(0)->bindings, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
