/* SPDX-License-Identifier: MIT
 * exo_time_test.c: ticks and nanoseconds at the edges of 64 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/rand.h"
#include "lib/exo/time.h"

static void
whole_seconds_are_exact(void **state)
{
	(void)state;
	assert_int_equal(exo_ns_of_ticks(10000000, 10000000), EXO_NS_PER_S);
	assert_int_equal(exo_ticks_of_ns(EXO_NS_PER_S, 10000000), 10000000);
	assert_int_equal(exo_ticks_of_ns(99, 10000000), 0);
	assert_int_equal(exo_ticks_of_ns(100, 10000000), 1);
	assert_int_equal(exo_ns_of_ticks(1, 3), 333333333);
}

static void
large_values_do_not_wrap(void **state)
{
	(void)state;
	assert_true(exo_ns_of_ticks(UINT64_MAX, 1000000) == UINT64_MAX);
	assert_true(exo_ns_of_ticks(UINT64_MAX, EXO_NS_PER_S) == UINT64_MAX);
	assert_true(exo_ns_of_ticks(UINT64_MAX, UINT64_MAX) == EXO_NS_PER_S);
	assert_true(exo_ticks_of_ns(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
	assert_true(exo_ticks_of_ns(UINT64_MAX, 10000000) == 184467440737095516ull);
	assert_true(exo_ns_of_ticks(1ull << 60, 4000000) == UINT64_MAX);
}

static void
deadlines_saturate(void **state)
{
	(void)state;
	assert_true(exo_deadline_after(5, EXO_FOREVER, 1) == EXO_FOREVER);
	assert_true(exo_deadline_after(UINT64_MAX - 1, 200, 10000000) == EXO_FOREVER);
	assert_int_equal(exo_deadline_after(1000, 200, 10000000), 1002);
	assert_int_equal(exo_deadline_after(1000, 0, 10000000), 1000);
}

static void
there_and_back_loses_less_than_one_tick(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t hz = 1000000 + rand_below(&seed, 99000000);
		uint64_t ticks = rand_next(&seed) >> 24;
		uint64_t back = exo_ticks_of_ns(exo_ns_of_ticks(ticks, hz), hz);

		assert_true(back == ticks || back + 1 == ticks);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_seconds_are_exact),
		cmocka_unit_test(large_values_do_not_wrap),
		cmocka_unit_test(deadlines_saturate),
		cmocka_unit_test(there_and_back_loses_less_than_one_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
