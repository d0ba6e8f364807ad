/* SPDX-License-Identifier: MIT
 * say.c: what init tells the person at the console, and how it gives up.
 *
 * A line is handed over in one piece, so lines of the environments do not get into it.
 */
#include "user/init/say.h"

#include <stdarg.h>
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

int
boot_argument(const char *word)
{
	const char *arguments = exo_boot()->bootargs;
	size_t length = strlen(word);

	for (const char *at = arguments; (at = strstr(at, word)); at += length) {
		if ((at == arguments || at[-1] == ' ') && (!at[length] || at[length] == ' ')) {
			return 1;
		}
	}
	return 0;
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
