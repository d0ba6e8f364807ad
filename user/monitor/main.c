/* SPDX-License-Identifier: MIT
 * main.c: the monitor: a program at the console that shows and changes what all others do.
 *
 * It is an environment like the others, whose manifest says `monitor;`: see docs/monitor.md. With
 * the value `commands` (boot argument chitin.monitor=) it carries those out and powers off.
 */
#include <stdio.h>
#include <string.h>

#include "lib/edit/edit.h"
#include "lib/exo/call.h"
#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/console.h"
#include "user/monitor/world.h"

#define COMMANDS_BYTES 1024

static void
show(void *context, const char *text, size_t bytes)
{
	(void)context;
	fwrite(text, 1, bytes, stdout);
}

static const struct edit_user user = {
	.show = show,
	.word = command_word,
	.prompt = "monitor> ",
};

/* One line, from its prompt to what it has done. */
static void
serve(struct edit *edit)
{
	enum edit_result result;

	edit_begin(edit);
	do {
		if (!console_has_input()) {
			edit_show(edit);
		}
		result = edit_put(edit, console_get());
	} while (result == EDIT_MORE);
	if (edit->is_too_long) {
		printf("the line is longer than %d characters; nothing is done\n", EDIT_BYTES - 1);
	} else if (result == EDIT_LINE) {
		command_line(edit->text, false);
	}
}

static void
carry_out(const char *commands)
{
	static char text[COMMANDS_BYTES];

	snprintf(text, sizeof(text), "%s", commands);
	command_line(text, true);
	fflush(stdout);
	exo_power(exo_start()->console, EXO_POWER_OFF);
}

int
main(void)
{
	static struct edit edit;
	const char *commands = exo_start_value("commands");

	if (!world_open() || !console_open()) {
		return 1;
	}
	if (commands) {
		carry_out(commands);
	}
	printf("monitor: help lists the commands\n");
	edit_open(&edit, &user);
	for (;;) {
		serve(&edit);
	}
}
