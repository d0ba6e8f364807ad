/* SPDX-License-Identifier: MIT
 * rt_table_test.c: when tasks are due, which tables make sense, which bucket a delay falls into.
 *
 * links: lib/rt/table.c lib/rt/delay.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rt/rt.h"

static void
nothing(void *context)
{
	(void)context;
}

/* Against counting one by one. */
static void
tasks_are_due(void **state)
{
	(void)state;
	for (uint32_t period = 1; period < 9; period++) {
		for (uint32_t offset = 0; offset < period; offset++) {
			struct rt_task t = {.period = period, .offset = offset};

			for (uint64_t from = 0; from < 40; from++) {
				uint64_t due = 0;

				for (uint64_t to = from; to < 60; to++) {
					assert_int_equal(rt_due(&t, from, to), due);
					due += to % period == offset;
				}
			}
		}
	}
}

static void
tables_make_sense(void **state)
{
	struct rt_task t[2] = {{.run = nothing, .period = 4}, {.run = nothing, .period = 8}};

	(void)state;
	assert_true(rt_table_is_valid(t, 2));
	assert_false(rt_table_is_valid(t, 0));
	t[1].offset = 8;
	assert_false(rt_table_is_valid(t, 2));
	t[1].offset = 7;
	t[0].period = 0;
	assert_false(rt_table_is_valid(t, 2));
	t[0] = (struct rt_task){.period = 4};
	assert_false(rt_table_is_valid(t, 2));
}

static void
delays_fall_into_buckets(void **state)
{
	struct rt_delay d = {.count = 0};

	(void)state;
	rt_delay_add(&d, 0);
	rt_delay_add(&d, 249);
	rt_delay_add(&d, 250);
	rt_delay_add(&d, 500);
	rt_delay_add(&d, UINT64_MAX / 4);
	assert_int_equal(d.bucket[0], 2);
	assert_int_equal(d.bucket[1], 1);
	assert_int_equal(d.bucket[2], 1);
	assert_int_equal(d.bucket[RT_DELAY_BUCKETS - 1], 1);
	assert_int_equal(d.count, 5);
	assert_true(d.max_ns == UINT64_MAX / 4);
	assert_int_equal(rt_delay_end_ns(0), 250);
	assert_int_equal(rt_delay_end_ns(3), 2000);
	assert_true(rt_delay_end_ns(RT_DELAY_BUCKETS - 1) == UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_due),
		cmocka_unit_test(tables_make_sense),
		cmocka_unit_test(delays_fall_into_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
