/* SPDX-License-Identifier: MIT
 * typed.c: what is typed stays until there is memory that can take it. test/sys/test_boot.py types.
 */
#include "lib/exo/events.h"
#include "test/boot/tap.h"

#define BIT 3

static const char constant[] = "constant";

int
main(void)
{
	exo_handle console = exo_start()->console;
	char text[8] = {0};

	tap_plan(2);
	exo_bind(EXO_BIND_CONSOLE, console, 0, BIT);
	printf("type\n");
	fflush(stdout);
	exo_wait(EXO_EVENT(BIT), EXO_FOREVER);
	tap_is(exo_console_read(console, (void *)(uintptr_t)constant, sizeof(constant)), E_FAULT,
	       "read-only memory takes nothing");
	exo_console_read(console, text, 1);
	tap_is(text[0], 'x', "the first byte is still there");
	return tap_end();
}
