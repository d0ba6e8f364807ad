/* SPDX-License-Identifier: MIT
 * libc.c: what the C library asks of the system below it: end, time, process number, random
 * bytes.
 *
 * Time of day comes from the clock page; where there is none, or nothing in it yet, CLOCK_REALTIME
 * and gettimeofday count from the start of the board like CLOCK_MONOTONIC. A program is alone: its
 * number is 1.
 */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/exo/call.h"
#include "lib/exo/clock.h"
#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "lib/exo/start.h"
#include "lib/exo/stdio.h"

#define PROCESS_NUMBER 1
#define GETENTROPY_MAX 256 /* POSIX */

void
_exit(int status)
{
	exo_stdio_flush();
	for (;;) {
		exo_exit((uint64_t)status);
	}
}

int
getpid(void)
{
	return PROCESS_NUMBER;
}

int
kill(int process, int signal)
{
	if (process != PROCESS_NUMBER) {
		errno = ESRCH;
		return -1;
	}
	if (signal != 0) {
		_exit(128 + signal);
	}
	return 0;
}

static uint64_t
time_of_day_ns(void)
{
	uint64_t ns;

	return exo_clock_ns(&ns) == 0 ? ns : exo_now_ns();
}

int
clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t now_ns = clock == CLOCK_REALTIME ? time_of_day_ns() : exo_now_ns();

	time->tv_sec = (time_t)(now_ns / EXO_NS_PER_S);
	time->tv_nsec = (long)(now_ns % EXO_NS_PER_S);
	return 0;
}

int
clock_getres(clockid_t clock, struct timespec *resolution)
{
	uint64_t tick_ns = exo_ns_of_ticks(1, exo_start()->timebase_hz);

	(void)clock;
	resolution->tv_sec = 0;
	resolution->tv_nsec = tick_ns ? (long)tick_ns : 1;
	return 0;
}

int
gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	uint64_t now_ns = time_of_day_ns();

	(void)zone;
	time->tv_sec = (time_t)(now_ns / EXO_NS_PER_S);
	time->tv_usec = (suseconds_t)(now_ns % EXO_NS_PER_S / 1000);
	return 0;
}

int
getentropy(void *to, size_t bytes)
{
	if (bytes > GETENTROPY_MAX) {
		errno = EIO;
		return -1;
	}
	exo_random(to, bytes);
	return 0;
}
