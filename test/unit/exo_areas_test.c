/* SPDX-License-Identifier: MIT
 * exo_areas_test.c: the address ranges in use against an array of flags, with random operations.
 *
 * links: lib/exo/areas.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/rand.h"
#include "lib/exo/areas.h"

#define START 1000
#define PAGES 600

static struct exo_areas areas;
static uint8_t used[PAGES];

static void
check(void)
{
	uint8_t seen[PAGES] = {0};

	for (uint32_t i = 0; i < areas.count; i++) {
		assert_true(areas.used[i].start < areas.used[i].end);
		assert_true(i == 0 || areas.used[i - 1].end < areas.used[i].start);
		for (uint64_t page = areas.used[i].start; page < areas.used[i].end; page++) {
			seen[page - START] = 1;
		}
	}
	assert_memory_equal(seen, used, PAGES);
}

static int
model_take(uint64_t pages, uint64_t *start)
{
	uint64_t run = 0;

	for (uint64_t i = 0; i < PAGES; i++) {
		run = used[i] ? 0 : run + 1;
		if (run == pages) {
			*start = START + i + 1 - pages;
			return 0;
		}
	}
	return E_NOSPACE;
}

static void
reset(void)
{
	exo_areas_open(&areas, START, START + PAGES);
	memset(used, 0, sizeof(used));
}

static void
nothing_is_no_range(void **state)
{
	uint64_t start;

	(void)state;
	reset();
	assert_int_equal(exo_areas_take(&areas, 0, &start), E_INVAL);
	assert_int_equal(exo_areas_take(&areas, PAGES + 1, &start), E_NOSPACE);
	assert_int_equal(exo_areas_take(&areas, PAGES, &start), 0);
	assert_int_equal(exo_areas_take(&areas, 1, &start), E_NOSPACE);
}

static void
allocation_in_order_needs_one_entry(void **state)
{
	uint64_t start;

	(void)state;
	reset();
	for (uint64_t i = 0; i < PAGES; i++) {
		assert_int_equal(exo_areas_take(&areas, 1, &start), 0);
		assert_int_equal(start, START + i);
	}
	assert_int_equal(areas.count, 1);
}

static void
too_many_splits_are_refused_without_effect(void **state)
{
	uint64_t start;

	(void)state;
	reset();
	assert_int_equal(exo_areas_take(&areas, PAGES, &start), 0);
	for (uint64_t i = 0; i < EXO_AREAS_MAX - 1; i++) {
		assert_int_equal(exo_areas_free(&areas, START + 2 * i + 1, 1), 0);
	}
	assert_int_equal(areas.count, EXO_AREAS_MAX);
	assert_int_equal(exo_areas_free(&areas, START + PAGES - 10, 1), E_NOSPACE);
	assert_int_equal(areas.used[EXO_AREAS_MAX - 1].end, START + PAGES);
	assert_int_equal(exo_areas_free(&areas, START + PAGES - 1, 1), 0);
}

static void
random_operations_match_the_model(void **state)
{
	uint64_t seed = 11;

	(void)state;
	reset();
	for (int i = 0; i < 30000; i++) {
		uint64_t pages = 1 + rand_below(&seed, 25);
		uint64_t start = START + rand_below(&seed, PAGES);
		uint64_t expected = 0;
		int result;

		if (rand_below(&seed, 2)) {
			result = model_take(pages, &expected);
			assert_int_equal(exo_areas_take(&areas, pages, &start), result);
			if (result == 0) {
				assert_int_equal(start, expected);
				memset(used + start - START, 1, pages);
			}
		} else if (areas.count < EXO_AREAS_MAX) {
			assert_int_equal(exo_areas_free(&areas, start, pages), 0);
			pages = pages < START + PAGES - start ? pages : START + PAGES - start;
			memset(used + start - START, 0, pages);
		}
		check();
	}
}

static void
everything_can_be_freed_at_once(void **state)
{
	uint64_t start;

	(void)state;
	reset();
	exo_areas_take(&areas, 10, &start);
	assert_int_equal(exo_areas_free(&areas, 0, UINT64_MAX), 0);
	check();
	exo_areas_take(&areas, 10, &start);
	memset(used, 1, 4);
	assert_int_equal(exo_areas_free(&areas, START + 4, UINT64_MAX), 0);
	check();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_no_range),
		cmocka_unit_test(allocation_in_order_needs_one_entry),
		cmocka_unit_test(too_many_splits_are_refused_without_effect),
		cmocka_unit_test(random_operations_match_the_model),
		cmocka_unit_test(everything_can_be_freed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
