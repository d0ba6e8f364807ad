/* SPDX-License-Identifier: MIT
 * line_test.c: init's line reader: echo, backspace, lines that are too long, bytes that are no
 * text.
 *
 * links: user/init/line.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/rand.h"
#include "user/init/line.h"

static struct line line;
static char echoed[65536];

/* Types the text; returns how many lines it completed. The last of them is in `line`. */
static int
type(const char *text)
{
	int lines = 0;

	echoed[0] = 0;
	for (; *text; text++) {
		const char *echo;

		lines += line_put(&line, *text, &echo);
		strcat(echoed, echo);
	}
	return lines;
}

static void
test_plain(void **state)
{
	(void)state;
	assert_int_equal(type("kill web\n"), 1);
	assert_string_equal(line.text, "kill web");
	assert_string_equal(echoed, "kill web\n");
	assert_int_equal(type("envs\r"), 1);
	assert_string_equal(line.text, "envs");
	assert_int_equal(type("\r\n"), 2); /* two empty lines, which mean nothing */
	assert_int_equal(line.length, 0);
}

static void
test_backspace(void **state)
{
	(void)state;
	assert_int_equal(type("\b\177kilk\bl\177l x\b\b\n"), 1);
	assert_string_equal(line.text, "kill");
	assert_string_equal(echoed, "kilk\b \bl\b \bl x\b \b\b \b\n");
}

static void
test_too_long(void **state)
{
	static char text[10002];

	(void)state;
	memset(text, 'x', 10000);
	strcpy(text + 10000, "\n");
	assert_int_equal(type(text), 1);
	assert_true(line.is_too_long);
	assert_int_equal(line.length, LINE_BYTES - 1);
	assert_int_equal(strlen(line.text), LINE_BYTES - 1);
	assert_int_equal(strlen(echoed), LINE_BYTES);
	assert_int_equal(type("help\n"), 1);
	assert_false(line.is_too_long);
	assert_string_equal(line.text, "help");
}

static void
test_noise(void **state)
{
	uint64_t seed = 7;

	(void)state;
	assert_int_equal(type("\033[31m\200\377\x01 \t\n"), 1);
	assert_string_equal(line.text, "[31m ");
	for (int i = 0; i < 100000; i++) {
		const char *echo = NULL;

		line_put(&line, (char)rand_next(&seed), &echo);
		assert_true(line.length < LINE_BYTES && !line.text[line.length]);
		for (; *echo; echo++) {
			assert_true((*echo >= ' ' && *echo <= '~') || *echo == '\n' ||
				    *echo == '\b');
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_backspace),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
