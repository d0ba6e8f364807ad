/* SPDX-License-Identifier: MIT
 * command.c: the commands that init understands on the console, until the monitor comes.
 *
 * Input is foreign: any bytes, any length. State: the line that is being typed.
 */
#include "user/init/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"
#include "user/init/children.h"
#include "user/init/line.h"
#include "user/init/say.h"

#define INPUT_BYTES 64

static void
run_kill(const char *name)
{
	if (!children_kill(name)) {
		printf("no environment \"%s\" runs; envs lists them\n", name);
	}
}

static void
run_envs(const char *rest)
{
	(void)rest;
	children_list();
}

static void
run_power_off(const char *rest)
{
	(void)rest;
	power_off(EXO_POWER_OFF);
}

static void run_help(const char *rest);

static const struct command {
	const char *word; /* ends with a blank if an argument follows */
	const char *help;
	void (*run)(const char *rest);
} commands[] = {
	{"envs", "envs        list the environments", run_envs},
	{"help", "help        list the commands", run_help},
	{"kill ", "kill NAME   end an environment; its restart policy applies", run_kill},
	{"power off", "power off   end everything", run_power_off},
};

static void
run_help(const char *rest)
{
	(void)rest;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		printf("%s\n", commands[i].help);
	}
}

static void
run(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *command = &commands[i];
		size_t length = strlen(command->word);
		bool has_argument = command->word[length - 1] == ' ';

		if (!strncmp(text, command->word, length) && !text[length] == !has_argument) {
			command->run(text + length);
			return;
		}
	}
	printf("unknown command \"%s\"; help lists them\n", text);
}

static void
take(char c)
{
	static struct line line;
	const char *echo;
	bool is_complete = line_put(&line, c, &echo);

	printf("%s", echo);
	if (!is_complete) {
		return;
	}
	if (line.is_too_long) {
		printf("the line is longer than %d characters\n", LINE_BYTES - 1);
	} else if (line.length) {
		run(line.text);
	}
}

void
command_open(void)
{
	int64_t status = exo_bind(EXO_BIND_CONSOLE, exo_start()->console, EXO_NONE, EVENT_CONSOLE);

	if (status < 0) {
		say("the console cannot be read: %s", exo_error_sentence(status));
	}
}

bool
command_tend(void)
{
	char typed[INPUT_BYTES];
	int64_t count = exo_console_read(exo_start()->console, typed, sizeof(typed));

	for (int64_t i = 0; i < count; i++) {
		take(typed[i]);
	}
	fflush(stdout);
	return count > 0;
}
