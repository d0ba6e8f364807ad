/* SPDX-License-Identifier: MIT
 * exo_time.c: sleeping, timeouts, events to itself, and the C library's clocks and random bytes.
 *
 * boot: init
 */
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "test/boot/tap.h"

#define MS 1000000ull

static void
check_pause(void)
{
	for (uint64_t ms = 1; ms <= 100; ms *= 10) {
		uint64_t before = exo_now_ns();
		uint64_t took;

		exo_pause(ms * MS);
		took = exo_now_ns() - before;
		tap_ok(took >= ms * MS && took < (ms + 2000) * MS, "a pause of %d ms lasts so long",
		       (int)ms);
	}
}

static void
check_events(void)
{
	uint64_t before = exo_now_ns();

	tap_is((int64_t)exo_wait(EXO_EVENT(3), 0), 0, "looking finds nothing");
	tap_is((int64_t)exo_wait(EXO_EVENT(3), 20 * MS), 0, "waiting ends without an event");
	tap_ok(exo_now_ns() - before >= 20 * MS, "but not before the time");
	tap_is(exo_signal(exo_start()->env, EXO_EVENT(3) | EXO_EVENT(5)), 0, "it signals itself");
	tap_is((int64_t)exo_wait(EXO_EVENT(3), EXO_FOREVER), EXO_EVENT(3), "the event is there");
	tap_is((int64_t)exo_wait(EXO_EVENT(3), 0), 0, "and is gone after that");
	exo_pause(MS);
	tap_is((int64_t)exo_wait(EXO_EVENT(5) | EXO_EVENT(3), 0), EXO_EVENT(5),
	       "what was not named stays pending");
}

static void
check_clock(void)
{
	struct timeval first;
	struct timeval second;

	gettimeofday(&first, NULL);
	exo_pause(5 * MS);
	gettimeofday(&second, NULL);
	tap_ok((second.tv_sec - first.tv_sec) * 1000000 + second.tv_usec - first.tv_usec >= 5000,
	       "gettimeofday advances");
	tap_ok(first.tv_usec >= 0 && first.tv_usec < 1000000, "microseconds are below a million");
}

static void
check_random(void)
{
	unsigned char a[100] = {0};
	unsigned char b[100] = {0};
	int zeros = 0;

	tap_ok(getentropy(a, sizeof(a)) == 0 && getentropy(b, sizeof(b)) == 0, "getentropy works");
	for (unsigned i = 0; i < sizeof(a); i++) {
		zeros += a[i] == 0;
	}
	tap_ok(memcmp(a, b, sizeof(a)) != 0 && zeros < 20, "two draws differ and are filled");
	tap_ok(getentropy(a, 257) == -1, "more than 256 bytes are refused");
}

int
main(void)
{
	tap_plan(15);
	check_pause();
	check_events();
	check_clock();
	check_random();
	return tap_end();
}
