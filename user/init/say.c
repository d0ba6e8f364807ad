/* SPDX-License-Identifier: MIT
 * say.c: what init tells the person at the console, and how it gives up.
 *
 * A line is handed over in one piece, so lines of the environments do not get into it.
 */
#include "user/init/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/start.h"

static void
print_line(const char *text, va_list arguments)
{
	printf("init: ");
	vprintf(text, arguments);
	printf("\n");
	fflush(stdout);
}

void
say(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	print_line(text, arguments);
	va_end(arguments);
}

/* What stands behind `word` at the beginning of one of the boot arguments, from `at` on; or 0. */
static const char *
find_argument(const char *at, const char *word)
{
	while ((at = strstr(at, word))) {
		bool begins = at == exo_boot()->bootargs || at[-1] == ' ';

		at += strlen(word);
		if (begins) {
			return at;
		}
	}
	return NULL;
}

int
boot_argument(const char *word)
{
	const char *end = find_argument(exo_boot()->bootargs, word);

	while (end && *end && *end != ' ') {
		end = find_argument(end, word);
	}
	return end != NULL;
}

int
boot_value(const char *word, char *value, size_t bytes)
{
	const char *at = find_argument(exo_boot()->bootargs, word);
	bool is_quoted = at && *at == '"';
	size_t length;

	if (!at) {
		return 0;
	}
	at += is_quoted;
	length = strcspn(at, is_quoted ? "\"" : " ");
	snprintf(value, bytes, "%.*s", (int)length, at);
	return 1;
}

void
say_news(const char *text, ...)
{
	va_list arguments;

	if (boot_argument("chitin.quiet")) {
		return;
	}
	va_start(arguments, text);
	print_line(text, arguments);
	va_end(arguments);
}

/* A board that cannot tell failure from success is still switched off. */
void
power_off(unsigned how)
{
	fflush(stdout);
	exo_power(exo_start()->console, how);
	exo_power(exo_start()->console, EXO_POWER_OFF);
	for (;;) {
		exo_exit(how);
	}
}

void
give_up(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	print_line(text, arguments);
	va_end(arguments);
	power_off(EXO_POWER_FAIL);
}
