/* SPDX-License-Identifier: MIT
 * tap.h: how a boot test tells its results: TAP, the plan first and `# end` last (scripts/tap.py
 * judges).
 *
 *   tap_plan(2); tap_ok(a == b, "a is b"); tap_is(exo_map(...), E_RANGE, "no wrap"); return
 * tap_end();
 *
 * A test runs under init, which switches the machine off when its last environment has ended; or,
 * with the word `init` in its boot: line, as init itself with all the root capabilities.
 */
#ifndef TEST_BOOT_TAP_H
#define TEST_BOOT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"

static struct {
	unsigned done;
	unsigned failed;
} tap;

static inline void
tap_plan(unsigned count)
{
	printf("1..%u\n", count);
}

/* One result; what follows tells it apart from the others. Returns it. */
__attribute__((format(printf, 2, 3))) static inline bool
tap_ok(bool is_right, const char *what, ...)
{
	va_list arguments;

	tap.failed += !is_right;
	printf("%sok %u - ", is_right ? "" : "not ", ++tap.done);
	va_start(arguments, what);
	vprintf(what, arguments);
	va_end(arguments);
	printf("\n");
	return is_right;
}

/* A result that must have one value; a call's errors are named. */
static inline bool
tap_is(int64_t result, int64_t wanted, const char *what)
{
	bool is_right = tap_ok(result == wanted, "%s", what);

	if (!is_right) {
		printf("# got %ld (%s), wanted %ld (%s)\n", (long)result,
		       result < 0 ? exo_error_name(result) : "no error", (long)wanted,
		       wanted < 0 ? exo_error_name(wanted) : "no error");
	}
	return is_right;
}

/* The end, and main's return value. */
static inline int
tap_end(void)
{
	printf("# end\n");
	fflush(stdout);
	if (exo_boot()) {
		exo_power(exo_start()->console, EXO_POWER_OFF);
	}
	return tap.failed ? 1 : 0;
}

#endif
