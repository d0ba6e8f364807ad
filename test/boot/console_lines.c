/* SPDX-License-Identifier: MIT
 * console_lines.c: what one call writes to the console stays together: when it does not fit into
 * the buffer nothing of it is taken.
 *
 * boot: init
 */
#include <string.h>

#include "lib/exo/events.h"
#include "test/boot/tap.h"

#define LINES 200
#define LONG  300
#define MS    1000000

static int64_t
write_line(const char *text, size_t bytes)
{
	return exo_console_write(exo_start()->console, text, bytes);
}

/* Faster than any device takes them: how many calls found no room, and how many lines came apart.
 */
static void
check_whole(void)
{
	static const char line[] = "# a line as long as the one in which init says how a program "
				   "died, with the name of the program, its cause in words, where "
				   "it was and which address it wanted\n";
	unsigned full = 0, torn = 0;

	for (int i = 0; i < LINES; i++) {
		int64_t taken = write_line(line, sizeof(line) - 1);

		full += taken == 0;
		torn += taken != 0 && taken != (int64_t)sizeof(line) - 1;
	}
	exo_pause(200 * MS);
	tap_ok(full > 0, "the buffer was full, %u times", full);
	tap_is(torn, 0, "no line was taken in part");
}

static void
check_long(void)
{
	char text[LONG];
	int64_t taken;

	memset(text, '.', sizeof(text));
	text[0] = '#';
	taken = write_line(text, sizeof(text));
	write_line("\n", 1);
	tap_is(taken, EXO_CONSOLE_BYTES, "of a long text as many bytes as are promised are taken");
}

int
main(void)
{
	tap_plan(3);
	check_whole();
	check_long();
	return tap_end();
}
