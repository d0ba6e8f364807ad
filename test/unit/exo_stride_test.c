/* SPDX-License-Identifier: MIT
 * exo_stride_test.c: shares by tickets, to within a turn, whoever comes and goes.
 *
 * links: lib/exo/stride.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/exo/stride.h"

#define MANY 8

/* A turn of `used` units for whose it is. */
static uint32_t
turn(struct exo_stride *c, uint32_t count, uint64_t used)
{
	uint32_t next = exo_stride_next(c, count);

	exo_stride_charge(&c[next], used);
	return next;
}

static void
each_has_its_share(void **state)
{
	static const uint32_t tickets[] = {3, 2, 1};
	struct exo_stride c[3];
	uint64_t turns[3] = {0};

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		c[i] = exo_stride_client(tickets[i]);
		exo_stride_ready(c, i + 1, i);
	}
	for (uint64_t n = 1; n <= 600; n++) {
		turns[turn(c, 3, 1)]++;
		for (uint32_t i = 0; i < 3; i++) {
			int64_t off = (int64_t)(6 * turns[i]) - (int64_t)(n * tickets[i]);

			assert_in_range(off + 9, 0, 18); /* a turn and a half */
		}
	}
	assert_int_equal(turns[0], 300);
	assert_int_equal(turns[1], 200);
	assert_int_equal(turns[2], 100);
}

static void
nobody_is_ready(void **state)
{
	struct exo_stride c[1] = {exo_stride_client(5)};

	(void)state;
	assert_int_equal(exo_stride_next(c, 1), 1);
	assert_int_equal(exo_stride_next(c, 0), 0);
}

/* Shares are of time, however long a turn is. */
static void
turns_may_differ(void **state)
{
	struct exo_stride c[2] = {exo_stride_client(1), exo_stride_client(2)};
	uint64_t used[2] = {0};

	(void)state;
	exo_stride_ready(c, 2, 0);
	exo_stride_ready(c, 2, 1);
	for (uint64_t i = 0; i < 3000; i++) {
		uint64_t length = i % 7 ? 10 : 100;

		used[turn(c, 2, length)] += length;
	}
	assert_in_range(used[1] - 2 * used[0] + 300, 0, 600);
}

/* One that was away for long does not get all turns now, nor waits for long. */
static void
who_comes_back_begins_where_the_others_are(void **state)
{
	struct exo_stride c[2] = {exo_stride_client(1), exo_stride_client(1)};
	uint32_t mine = 0;

	(void)state;
	exo_stride_ready(c, 2, 0);
	exo_stride_ready(c, 2, 1);
	c[1].is_ready = false;
	for (int i = 0; i < 1000; i++) {
		turn(c, 2, 1);
	}
	exo_stride_ready(c, 2, 1);
	for (int i = 0; i < 100; i++) {
		mine += turn(c, 2, 1) == 1;
	}
	assert_in_range(mine, 49, 51);
}

/* Resting between turns never brings more than the share of one that is always ready. */
static void
napping_gains_nothing(void **state)
{
	struct exo_stride c[2] = {exo_stride_client(1), exo_stride_client(1)};
	uint32_t mine = 0;

	(void)state;
	exo_stride_ready(c, 2, 0);
	for (int i = 0; i < 1000; i++) {
		exo_stride_ready(c, 2, 1);
		mine += turn(c, 2, 1) == 1;
		c[1].is_ready = false;
	}
	assert_in_range(mine, 1, 501);
}

/* A pass that runs over changes nothing. */
static void
a_pass_may_wrap(void **state)
{
	struct exo_stride c[MANY];
	uint32_t turns[MANY] = {0};

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		c[i] = exo_stride_client(i + 1);
		c[i].pass = UINT64_MAX - 3 * EXO_STRIDE_ONE;
		c[i].is_ready = true;
	}
	for (int i = 0; i < 3600; i++) {
		turns[turn(c, MANY, 1)]++;
	}
	for (uint32_t i = 0; i < MANY; i++) {
		assert_in_range(turns[i], 100 * (i + 1) - 2, 100 * (i + 1) + 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_share),
		cmocka_unit_test(turns_may_differ),
		cmocka_unit_test(nobody_is_ready),
		cmocka_unit_test(who_comes_back_begins_where_the_others_are),
		cmocka_unit_test(napping_gains_nothing),
		cmocka_unit_test(a_pass_may_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
