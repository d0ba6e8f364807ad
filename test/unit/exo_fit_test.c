/* SPDX-License-Identifier: MIT
 * exo_fit_test.c: first fit against a fake carve that knows what is taken, and one that lies.
 *
 * links: lib/exo/fit.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/rand.h"
#include "lib/exo/fit.h"

#define POOL_START 0x80000
#define POOL_PAGES 256
#define POOL_END   (POOL_START + POOL_PAGES)

/* owner[i]: which carved child holds page i, 0 = none. */
static struct {
	int owner[POOL_PAGES];
	int children;
	uint64_t count;
	int attempts;
} pool;

static int64_t
fake_carve(void *context, uint64_t at, uint64_t *way)
{
	(void)context;
	pool.attempts++;
	assert_in_range(at, POOL_START, POOL_END - pool.count);
	for (uint64_t i = 0; i < pool.count; i++) {
		uint64_t page = at - POOL_START + i;
		int owner = pool.owner[page];

		if (owner) {
			while (page < POOL_PAGES && pool.owner[page] == owner) {
				page++;
			}
			*way = POOL_START + page;
			return E_TAKEN;
		}
	}
	pool.children++;
	for (uint64_t i = 0; i < pool.count; i++) {
		pool.owner[at - POOL_START + i] = pool.children;
	}
	return pool.children;
}

static int64_t
take(uint64_t from, uint64_t count, uint64_t align, uint64_t *at)
{
	const struct exo_fit fit = {POOL_START, POOL_END, from, count, align};

	pool.count = count;
	pool.attempts = 0;
	return exo_fit_take(&fit, fake_carve, NULL, at);
}

static void
reset(void)
{
	memset(&pool, 0, sizeof(pool));
}

static void
the_whole_pool_fits_once(void **state)
{
	uint64_t at = 0;

	(void)state;
	reset();
	assert_int_equal(take(0, POOL_PAGES, 1, &at), 1);
	assert_int_equal(at, POOL_START);
	assert_int_equal(take(0, 1, 1, &at), E_NOSPACE);
	assert_int_equal(take(POOL_END, 1, 1, &at), E_NOSPACE);
}

static void
too_much_is_refused_without_trying(void **state)
{
	uint64_t at = 0;

	(void)state;
	reset();
	assert_int_equal(take(0, POOL_PAGES + 1, 1, &at), E_NOSPACE);
	assert_int_equal(take(0, UINT64_MAX, 1, &at), E_NOSPACE);
	assert_int_equal(take(0, 1, 1ull << 63, &at), E_NOSPACE);
	assert_int_equal(pool.attempts, 0);
}

static void
alignment_is_of_the_name(void **state)
{
	uint64_t at = 0;

	(void)state;
	reset();
	assert_int_equal(take(0, 1, 1, &at), 1);
	assert_int_equal(take(0, 2, 2, &at), 2);
	assert_int_equal(at, POOL_START + 2);
	assert_int_equal(take(0, 1, 1, &at), 3);
	assert_int_equal(at, POOL_START + 1);
}

static void
what_is_in_the_way_is_jumped_over(void **state)
{
	uint64_t at = 0;

	(void)state;
	reset();
	take(0, 200, 1, &at);
	assert_int_equal(take(0, 10, 1, &at), 2);
	assert_int_equal(at, POOL_START + 200);
	assert_int_equal(pool.attempts, 2);
}

static void
the_search_wraps_to_the_start(void **state)
{
	uint64_t at = 0;

	(void)state;
	reset();
	take(POOL_START + 100, 156, 1, &at);
	assert_int_equal(at, POOL_START + 100);
	assert_int_equal(take(POOL_END, 100, 1, &at), 2);
	assert_int_equal(at, POOL_START);
}

/* A range that begins before the place the search starts from and ends after it. */
static void
a_gap_across_the_starting_place_is_found(void **state)
{
	uint64_t at = 0;

	(void)state;
	reset();
	take(POOL_START + 60, 196, 1, &at);
	assert_int_equal(take(POOL_START + 50, 60, 1, &at), 2);
	assert_int_equal(at, POOL_START);
}

static int64_t
always_taken(void *context, uint64_t at, uint64_t *way)
{
	(void)at;
	*way = 0;
	++*(int *)context;
	return E_TAKEN;
}

static void
a_lie_about_the_end_does_not_hang_it(void **state)
{
	const struct exo_fit fit = {POOL_START, POOL_END, POOL_START + 7, 1, 1};
	uint64_t at = 0;
	int attempts = 0;

	(void)state;
	assert_int_equal(exo_fit_take(&fit, always_taken, &attempts, &at), E_NOSPACE);
	assert_int_equal(attempts, POOL_PAGES);
}

static int64_t
no_right(void *context, uint64_t at, uint64_t *way)
{
	(void)at;
	*way = 0;
	++*(int *)context;
	return E_RIGHTS;
}

static void
another_error_ends_the_search(void **state)
{
	const struct exo_fit fit = {POOL_START, POOL_END, POOL_START, 1, 1};
	uint64_t at = 0;
	int attempts = 0;

	(void)state;
	assert_int_equal(exo_fit_take(&fit, no_right, &attempts, &at), E_RIGHTS);
	assert_int_equal(attempts, 1);
}

static bool
gap_exists(uint64_t count, uint64_t align)
{
	for (uint64_t at = POOL_START; at + count <= POOL_END; at++) {
		uint64_t run = 0;

		while (run < count && !pool.owner[at - POOL_START + run]) {
			run++;
		}
		if (at % align == 0 && run == count) {
			return true;
		}
	}
	return false;
}

static void
child_free(int child)
{
	for (int i = 0; i < POOL_PAGES; i++) {
		pool.owner[i] = pool.owner[i] == child ? 0 : pool.owner[i];
	}
}

static void
it_finds_a_gap_exactly_when_there_is_one(void **state)
{
	uint64_t seed = 3;
	uint64_t from = POOL_START;

	(void)state;
	reset();
	for (int i = 0; i < 5000; i++) {
		uint64_t count = 1 + rand_below(&seed, 20);
		uint64_t align = 1ull << rand_below(&seed, 4);
		bool there = gap_exists(count, align);
		uint64_t at = 0;
		int64_t result = take(from, count, align, &at);

		assert_int_equal(there, result >= 0);
		if (there) {
			assert_int_equal(at % align, 0);
			from = at + count;
		} else {
			child_free(1 + (int)rand_below(&seed, (uint64_t)pool.children));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_pool_fits_once),
		cmocka_unit_test(too_much_is_refused_without_trying),
		cmocka_unit_test(alignment_is_of_the_name),
		cmocka_unit_test(what_is_in_the_way_is_jumped_over),
		cmocka_unit_test(the_search_wraps_to_the_start),
		cmocka_unit_test(a_gap_across_the_starting_place_is_found),
		cmocka_unit_test(a_lie_about_the_end_does_not_hang_it),
		cmocka_unit_test(another_error_ends_the_search),
		cmocka_unit_test(it_finds_a_gap_exactly_when_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
