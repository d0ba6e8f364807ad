/* SPDX-License-Identifier: MIT
 * clock_test.c: the clock page under a writer that stops anywhere, and the driver's adjustment.
 *
 * links: lib/exo/clock_page.c lib/exo/clock_adjust.c
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "lib/exo/clock_page.h"
#include "lib/exo/clock_adjust.h"

#define HZ       10000000ull
#define SECOND   1000000000ull
#define INTERVAL (64 * HZ)
#define RATE     (100ull << EXO_CLOCK_RATE_SHIFT) /* 100 ns a tick */
#define TODAY    (1795600000ull * SECOND)

static void
time_before_and_after(void **state)
{
	struct exo_clock_line line = {1000, TODAY, RATE, 1};

	(void)state;
	assert_int_equal(exo_clock_at(&line, 1000), TODAY);
	assert_int_equal(exo_clock_at(&line, 1001), TODAY + 100);
	assert_int_equal(exo_clock_at(&line, 990), TODAY - 1000);
	assert_int_equal(exo_clock_at(&line, 1000 + 3600 * HZ), TODAY + 3600 * SECOND);
	line.rate = (1000ull << EXO_CLOCK_RATE_SHIFT) / 3; /* 3 MHz */
	assert_in_range(exo_clock_at(&line, 1000 + 3000000ull * 86400),
			TODAY + 86400 * SECOND - 100, TODAY + 86400 * SECOND);
}

static void
nothing_at_first(void **state)
{
	struct exo_clock_page page = {0};
	struct exo_clock_line line;

	(void)state;
	assert_int_equal(exo_clock_load(&page, &line), E_STATE);
}

/* The steps of exo_clock_store, done as far as `steps`. */
static void
store_and_die(struct exo_clock_page *page, const struct exo_clock_line *line, int steps)
{
	static const struct exo_clock_line torn = {77, 77, 77, 77};

	if (steps > 0 && !(page->sequence & 1)) {
		page->line[1] = page->line[0];
	}
	if (steps > 1) {
		page->sequence |= 1;
		page->line[0] = torn;
	}
	if (steps > 2) {
		page->line[0] = *line;
		page->sequence++;
		page->line[1] = torn;
	}
}

static void
a_writer_that_stops(void **state)
{
	(void)state;
	for (int steps = 0; steps <= 3; steps++) {
		struct exo_clock_page page = {0};
		struct exo_clock_line old = {1, TODAY, RATE, 1};
		struct exo_clock_line new = {2, TODAY + 1, RATE, 2};
		struct exo_clock_line line;

		exo_clock_store(&page, &old);
		store_and_die(&page, &new, steps);
		assert_int_equal(exo_clock_load(&page, &line), 0);
		assert_int_equal(line.generation, steps < 3 ? 1 : 2);
		new.generation = 3;
		exo_clock_store(&page, &new);
		assert_int_equal(exo_clock_load(&page, &line), 0);
		assert_memory_equal(&line, &new, sizeof(line));
		assert_memory_equal(&page.line[0], &page.line[1], sizeof(line));
	}
}

static struct exo_clock_page shared;
static bool stop;

static void *
writer(void *unused)
{
	for (uint64_t n = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++) {
		exo_clock_store(&shared, &(struct exo_clock_line){n, 2 * n, 3 * n, 4 * n});
	}
	return unused;
}

/* Never half of one line and half of another. */
static void
readers_meanwhile(void **state)
{
	struct exo_clock_line line;
	pthread_t thread;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
	for (int i = 0; i < 200000; i++) {
		if (exo_clock_load(&shared, &line) != 0) {
			continue;
		}
		if (line.ns != 2 * line.ticks || line.rate != 3 * line.ticks ||
		    line.generation != 4 * line.ticks || line.ticks < last) {
			fail_msg("torn at %lu", line.ticks);
		}
		last = line.ticks;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

static void
the_first_reading(void **state)
{
	struct exo_clock_line none = {0};
	struct exo_clock_line line =
		exo_clock_adjust(&none, &(struct exo_clock_reading){5, TODAY}, HZ, INTERVAL);

	(void)state;
	assert_int_equal(line.ticks, 5);
	assert_int_equal(line.ns, TODAY);
	assert_int_equal(line.rate, RATE);
	assert_int_equal(line.generation, 1);
}

/* A clock that loses or gains `ppm` against the counter, for `rounds` intervals from `lag_ns` on.
 * Returns the largest difference of the last round. */
static uint64_t
drift(int64_t ppm, int64_t lag_ns, int rounds)
{
	struct exo_clock_line line = {0, TODAY, RATE, 1};
	uint64_t ticks = 0;
	uint64_t error = 0;

	for (int i = 0; i < rounds; i++) {
		uint64_t ns = TODAY + ticks * 100 + (uint64_t)lag_ns +
			      (uint64_t)((int64_t)(ticks / 10000) * ppm);
		struct exo_clock_line next = exo_clock_adjust(
			&line, &(struct exo_clock_reading){ticks, ns}, HZ, INTERVAL);

		error = ns > next.ns ? ns - next.ns : next.ns - ns;
		assert_int_equal(next.generation, 1);
		assert_int_equal(exo_clock_at(&line, ticks), next.ns); /* no step */
		assert_true(next.rate > RATE / 2);
		line = next;
		ticks += INTERVAL;
	}
	return error;
}

static void
drift_is_made_up_for(void **state)
{
	(void)state;
	assert_int_equal(drift(0, 0, 10), 0);
	assert_in_range(drift(0, SECOND - 1, 40), 0, 1000);
	assert_in_range(drift(0, -(int64_t)SECOND + 1, 40), 0, 1000);
	assert_in_range(drift(100, 0, 40), 0, 7000000); /* 100 ppm of 64 s */
	assert_in_range(drift(-100, 0, 40), 0, 7000000);
}

static void
a_clock_that_is_set(void **state)
{
	struct exo_clock_line line = {0, TODAY, RATE, 7};
	struct exo_clock_line next = exo_clock_adjust(
		&line, &(struct exo_clock_reading){HZ, TODAY + 2 * SECOND}, HZ, INTERVAL);

	(void)state;
	assert_int_equal(next.generation, 8);
	assert_int_equal(next.ns, TODAY + 2 * SECOND);
	assert_int_equal(next.rate, RATE);
	next = exo_clock_adjust(&line, &(struct exo_clock_reading){HZ, 0}, HZ, INTERVAL);
	assert_int_equal(next.generation, 8);
	assert_int_equal(next.ns, 0);
	next = exo_clock_adjust(&line, &(struct exo_clock_reading){HZ, UINT64_MAX}, HZ, 1);
	assert_int_equal(next.generation, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_before_and_after), cmocka_unit_test(nothing_at_first),
		cmocka_unit_test(a_writer_that_stops),   cmocka_unit_test(readers_meanwhile),
		cmocka_unit_test(the_first_reading),     cmocka_unit_test(drift_is_made_up_for),
		cmocka_unit_test(a_clock_that_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
