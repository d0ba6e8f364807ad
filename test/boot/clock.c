/* SPDX-License-Identifier: MIT
 * clock.c: the time of day from the page that the driver of the clock publishes, here and in the C
 * library; the page is only to be read. The driver looks at its clock once a second meanwhile.
 */
#include <sys/time.h>
#include <time.h>

#include "lib/exo/clock.h"
#include "test/boot/attempt.h"

#define YEAR_2020 1577836800ul
#define PATIENCE  (60 * EXO_NS_PER_S)
#define READINGS  20000
#define LOOKS     2

static void
test_page(void)
{
	const struct exo_clock_page *page = exo_clock_page();
	uint64_t before = attempted.count;
	uint64_t address;

	tap_ok(page && exo_start()->clock != EXO_NONE, "there is a clock page");
	attempt_store((uint64_t)page);
	tap_ok(attempt_excepted(before, EXO_CAUSE_STORE_PAGE, 0), "a store to it is an exception");
	tap_is(exo_protect((uint64_t)page, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "it is not made writable");
	tap_is(exo_vm_map(exo_own_vm(), exo_start()->clock, 0, 1, EXO_READ | EXO_WRITE, &address),
	       E_RIGHTS, "nor mapped so");
}

static uint64_t
clock_ns(void)
{
	uint64_t ns = 0;

	exo_clock_ns(&ns);
	return ns;
}

/* What the C library says lies between two readings of our own. */
static void
test_library(void)
{
	struct timespec spec;
	struct timeval val;
	uint64_t ns[4];
	time_t seconds;

	ns[0] = clock_ns();
	clock_gettime(CLOCK_REALTIME, &spec);
	ns[1] = clock_ns();
	gettimeofday(&val, NULL);
	ns[2] = clock_ns();
	seconds = time(NULL);
	ns[3] = clock_ns();
	tap_ok(ns[0] > YEAR_2020 * EXO_NS_PER_S, "it is one of our days");
	tap_ok(ns[0] <= (uint64_t)spec.tv_sec * EXO_NS_PER_S + (uint64_t)spec.tv_nsec &&
		       (uint64_t)spec.tv_sec * EXO_NS_PER_S + (uint64_t)spec.tv_nsec <= ns[1],
	       "clock_gettime says the same");
	tap_ok(ns[1] / 1000 <= (uint64_t)val.tv_sec * 1000000 + (uint64_t)val.tv_usec &&
		       (uint64_t)val.tv_sec * 1000000 + (uint64_t)val.tv_usec <= ns[2] / 1000,
	       "so does gettimeofday");
	tap_ok(ns[2] / EXO_NS_PER_S <= (uint64_t)seconds &&
		       (uint64_t)seconds <= ns[3] / EXO_NS_PER_S,
	       "and time");
	clock_gettime(CLOCK_MONOTONIC, &spec);
	tap_ok((uint64_t)spec.tv_sec <= exo_now_ns() / EXO_NS_PER_S,
	       "CLOCK_MONOTONIC goes its way");
	tap_ok(clock_getres(CLOCK_REALTIME, &spec) == 0 && !spec.tv_sec && spec.tv_nsec == 100,
	       "its resolution is that of the counter");
}

/* While the driver writes the page: time goes forward, as fast as the counter does but for what
 * the driver may make up for. */
static void
test_forward(void)
{
	const struct exo_clock_page *page = exo_clock_page();
	struct exo_clock_line line;
	uint64_t sequence = page->sequence;
	uint64_t last = 0;
	uint64_t back = 0;
	uint64_t begin = clock_ns();
	uint64_t begin_ticks = exo_now_ns();
	uint64_t took, took_ticks;

	for (int i = 0; i < READINGS || *at((uint64_t)page) < sequence + 2ul * LOOKS; i++) {
		uint64_t now = clock_ns();

		back += now < last;
		last = now;
	}
	took = clock_ns() - begin;
	took_ticks = exo_now_ns() - begin_ticks;
	exo_clock_load(page, &line);
	tap_is((int64_t)back, 0, "it never goes back");
	tap_ok(page->sequence >= sequence + 2ul * LOOKS, "though the driver looked at its clock");
	tap_is((int64_t)line.generation, 1, "it was set once");
	tap_ok(took > took_ticks - took_ticks / 100 &&
		       took < took_ticks + took_ticks / 100 + 1000000,
	       "it is as fast as the counter");
}

int
main(void)
{
	uint64_t ns = 0;

	tap_plan(5 + 6 + 4);
	exo_on_exception(attempt_handler);
	test_page();
	tap_is(exo_clock_wait(&ns, PATIENCE), 0, "the driver says the time");
	test_library();
	test_forward();
	return tap_end();
}
