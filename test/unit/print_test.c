/* SPDX-License-Identifier: MIT
 * print_test.c: the formatter against the C library's printf, and what it does beyond it.
 *
 * links: lib/base/print.c; libs:
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/base/print.h"

static void same(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Formats by both for every buffer size from 0 to beyond the length, and compares everything. */
static void
same(const char *text, ...)
{
	char theirs[200];
	va_list arguments;
	va_list again;
	int length;

	va_start(arguments, text);
	va_copy(again, arguments);
	length = vsnprintf(theirs, sizeof(theirs), text, again);
	va_end(again);
	assert_in_range(length, 0, sizeof(theirs) - 1);
	for (size_t bytes = 0; bytes < (size_t)length + 3; bytes++) {
		char *ours = malloc(bytes);

		va_copy(again, arguments);
		assert_int_equal(vsnformat(ours, bytes, text, again), length);
		va_end(again);
		if (bytes) {
			assert_int_equal(ours[strlen(ours)], 0);
			assert_int_equal(strlen(ours),
					 bytes > (size_t)length ? length : (int)bytes - 1);
			assert_memory_equal(ours, theirs, strlen(ours));
		}
		free(ours);
	}
	va_end(arguments);
}

static void
test_numbers(void **state)
{
	static const long values[] = {0,      1,       -1,      9,        10,      12345,
				      -12345, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		long v = values[i];

		same("%d|%8d|%-8d|%08d|%1d|%%", (int)v, (int)v, (int)v, (int)v, (int)v);
		same("%u|%12u|%-12u|%012u", (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v);
		same("%x|%9x|%-9x|%09x", (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v);
		same("%ld|%22ld|%-22ld|%022ld", v, v, v, v);
		same("%lu|%22lu|%-22lu|", (unsigned long)v, (unsigned long)v, (unsigned long)v);
		same("%lx|%-20lx|%020lx", (unsigned long)v, (unsigned long)v, (unsigned long)v);
		same("%llu", (unsigned long long)v);
	}
	same("%p %20p %-20p|", (void *)values, (void *)values, (void *)state);
}

static void
test_text(void **state)
{
	char unterminated[3] = {'a', 'b', 'c'};

	(void)state;
	same("plain");
	same("%s|%8s|%-8s|%s", "abc", "abc", "abc", "");
	same("%.2s|%.9s|%.0s|%5.1s|%-5.1s|", "abc", "abc", "abc", "abc", "abc");
	same("%.*s|%.*s|%.*s|", 2, "abc", 0, "abc", -1, "abc");
	same("%.3s", unterminated);
	same("%c%3c%-3c|", 'x', 'y', 'z');
	same("100%% %s%%", "sure");
}

static void
equal(const char *expected, const char *text, ...)
{
	char ours[100];
	va_list arguments;

	va_start(arguments, text);
	assert_int_equal(vsnformat(ours, sizeof(ours), text, arguments), strlen(expected));
	va_end(arguments);
	assert_string_equal(ours, expected);
}

/* What C leaves undefined is defined here, because a panic may print it. */
static void
test_beyond_c(void **state)
{
	(void)state;
	equal("(null)", "%s", (char *)NULL);
	equal("0x0", "%p", (void *)NULL);
	equal("   ab", "%05s", "ab");
	equal("%q7", "%q%d", 7);
	equal("%-5.2f", "%-5.2f");
	equal("%", "%");
	equal("%08l", "%08l");
	equal("a", "%.99999999999999999999999s", "a");
}

static void
count_put(void *context, char c)
{
	*(size_t *)context += (unsigned char)c;
}

static int
format_sum(size_t *sum, const char *text, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, text);
	length = format(count_put, sum, text, arguments);
	va_end(arguments);
	return length;
}

static void
test_put(void **state)
{
	size_t sum = 0;
	char small[4];

	(void)state;
	assert_int_equal(format_sum(&sum, "%c%d", 1, 2), 2);
	assert_int_equal(sum, 1 + '2');
	assert_int_equal(snformat(small, sizeof(small), "%s", "hello"), 5);
	assert_string_equal(small, "hel");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_beyond_c),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
