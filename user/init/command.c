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
run_envs(const char *argument)
{
	(void)argument;
	children_list();
}

static void
run_power_off(const char *argument)
{
	(void)argument;
	power_off(EXO_POWER_OFF);
}

static void run_help(const char *argument);

static const struct command {
	const char *word;
	const char *help;
	bool has_argument;
	void (*run)(const char *argument);
} commands[] = {
	{"envs", "envs        list the environments", false, run_envs},
	{"help", "help        list the commands", false, run_help},
	{"kill", "kill NAME   end an environment; its restart policy applies", true, run_kill},
	{"power off", "power off   end everything", false, run_power_off},
};

static void
run_help(const char *argument)
{
	(void)argument;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		printf("%s\n", commands[i].help);
	}
}

/* What follows the command in the text: "" if nothing does, NULL if it is another command. */
static const char *
argument_of(const struct command *command, const char *text)
{
	size_t length = strlen(command->word);

	if (strncmp(text, command->word, length) || (text[length] && text[length] != ' ')) {
		return NULL;
	}
	return text + length + strspn(text + length, " ");
}

static void
run(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *argument = argument_of(&commands[i], text);

		if (argument && !*argument == !commands[i].has_argument) {
			commands[i].run(argument);
			return;
		}
		if (argument) {
			printf("to be typed as: %s\n", commands[i].help);
			return;
		}
	}
	printf("unknown command \"%s\"; help lists them\n", text);
}

/* The text without the blanks at both ends. */
static const char *
trimmed(struct line *line)
{
	while (line->length && line->text[line->length - 1] == ' ') {
		line->text[--line->length] = 0;
	}
	return line->text + strspn(line->text, " ");
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
	} else if (*trimmed(&line)) {
		run(trimmed(&line));
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
