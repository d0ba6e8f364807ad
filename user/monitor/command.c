/* SPDX-License-Identifier: MIT
 * command.c: the table of commands, and how a line of them is carried out.
 *
 * What is typed is foreign: words are only compared, and printed between quotes. State: none but
 * whether the commands come from the boot argument.
 */
#include "user/monitor/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/checked.h"
#include "user/monitor/world.h"

static bool is_from_boot;

static void run_help(const struct words *words);

static const struct command commands[] = {
	{"envs", "", "list the environments", "", 0, 0, run_envs},
	{"caps", "[NAME]", "draw the tree of capabilities",
	 "With a name only what that environment holds. A line: who holds it in which slot, its\n"
	 "type, what it names, its rights; pool: it has carved children or objects; share: others\n"
	 "have the same; object: the object goes with it; N uses: what is bound through it.\n",
	 0, 1, run_caps},
	{"frames", "", "count the pages of memory by use and by environment", "", 0, 0, run_frames},
	{"timeline", "", "draw the slots of each hart", "", 0, 0, run_timeline},
	{"irqs", "", "list interrupt lines and who gets them", "", 0, 0, run_irqs},
	{"nics", "", "list the NICs and what has gone through them",
	 "received: packets that went to a ring, unmatched: that no filter wants, dropped: that\n"
	 "found a ring full; transmitted, refused: that a filter-transmit did not let out; rings:\n"
	 "bound to it now.\n",
	 0, 0, run_nics},
	{"filters", "[NIC]", "draw the merged filters of the NICs",
	 "OFFSET:BYTES=VALUE is what a packet must have there, +OFFSET counts from behind a shift\n"
	 "(OFFSET:BYTES<<SCALE). A packet follows every branch whose tests hold; -> filter N: one\n"
	 "ends there, with the packets it matched, who holds it, and the ring that they go to.\n",
	 0, 1, run_filters},
	{"rings", "", "list the rings and what has gone through them",
	 "queued, taken: what the owner has put in, what the kernel has taken of it; done, read:\n"
	 "what the kernel has answered or received, what the owner has taken of that; flying: at\n"
	 "the device; dropped: packets that found it full; handled, failed: by its handler.\n",
	 0, 0, run_rings},
	{"top", "[ROUNDS]", "watch what is going on, once a second; q ends it", "", 0, 1, run_top},
	{"trace", "[COUNT] [NAME]", "show the last events of each hart",
	 "With a name only those of that environment, and of those that it has made. COUNT is how\n"
	 "many of each hart, 32 without it, at most 256. Without a name the monitor's own are\n"
	 "not shown. What there is: faults and overruns; everything, if chitin.trace is among the\n"
	 "boot arguments.\n",
	 0, 2, run_trace},
	{"kill", "NAME", "end an environment; its restart policy applies", "", 1, 1, run_kill},
	{"revoke", "NAME SLOT", "take a capability from an environment",
	 "SLOT is the number behind the name in `caps NAME`. What was carved for it can be "
	 "taken.\n",
	 2, 2, run_revoke},
	{"stop", "NAME", "stop an environment where it is", "", 1, 1, run_stop},
	{"resume", "NAME", "let a stopped one go on", "", 1, 1, run_resume},
	{"regs", "NAME", "show the registers of an environment",
	 "One that is ready is stopped for the moment it takes.\n", 1, 1, run_regs},
	{"read", "ADDRESS [COUNT] NAME", "show bytes of an environment's memory", "", 2, 3,
	 run_read},
	{"gdb", "NAME", "let gdb debug an environment over this console", "", 1, 1, run_gdb},
	{"reboot", "", "start the machine again", "", 0, 0, run_reboot},
	{"poweroff", "", "switch the machine off", "", 0, 0, run_power_off},
	{"power", "off|reboot", "the same as poweroff, as reboot", "", 1, 1, run_power},
	{"help", "[COMMAND]", "list the commands, or tell more of one", "", 0, 1, run_help},
};

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name)) {
			return &commands[i];
		}
	}
	printf("unknown command \"%s\"; help lists them\n", name);
	return NULL;
}

static void
print_usage(const struct command *command)
{
	printf("%s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
}

static void
run_help(const struct words *words)
{
	const struct command *command = words->count > 1 ? find(words->word[1]) : NULL;

	if (command) {
		print_usage(command);
		printf(": %s\n%s", command->summary, command->details);
	}
	if (words->count > 1) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		printf("%-10s %-22s %s\n", commands[i].name, commands[i].arguments,
		       commands[i].summary);
	}
	printf("; separates commands, Tab completes names, the arrows bring lines back\n");
}

/* Takes `text` apart at blanks. False if there are too many words for any command. */
static bool
split(char *text, struct words *words)
{
	words->count = 0;
	for (char *rest = NULL, *word = strtok_r(text, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		if (words->count == WORDS_MAX) {
			return false;
		}
		words->word[words->count++] = word;
	}
	return true;
}

static void
carry_out(char *text)
{
	const struct command *command;
	struct words words;
	bool fits = split(text, &words);

	if (!words.count) {
		return;
	}
	command = find(words.word[0]);
	if (!command) {
		return;
	}
	if (!fits || words.count - 1 < command->least || words.count - 1 > command->most) {
		printf("to be typed as: ");
		print_usage(command);
		printf("\n");
		return;
	}
	command->run(&words);
}

void
command_line(char *text, bool is_told)
{
	is_from_boot = is_told;
	while (text) {
		char *end = strchr(text, ';');

		if (end) {
			*end++ = 0;
		}
		text += strspn(text, " ");
		if (is_told && *text) {
			printf("> %s\n", text);
		}
		carry_out(text);
		text = end;
	}
}

bool
command_is_told(void)
{
	return is_from_boot;
}

const char *
command_word(void *context, const char *text, size_t start, uint32_t n)
{
	struct world_env env;

	(void)context;
	while (start && text[start - 1] == ' ') {
		start--;
	}
	if (!start || text[start - 1] == ';') {
		return n < ARRAY_SIZE(commands) ? commands[n].name : NULL;
	}
	return world_at(n, &env) ? env.name : NULL;
}

/* The value of a digit in that base, or the base. */
static uint64_t
digit_of(char c, uint64_t base)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at && (uint64_t)(at - digits) < base ? (uint64_t)(at - digits) : base;
}

bool
command_number(const char *word, const char *what, uint64_t least, uint64_t most, uint64_t *number)
{
	bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	const char *at = word + (is_hex ? 2 : 0);
	uint64_t base = is_hex ? 16 : 10;
	bool is_good = *at != 0;

	*number = 0;
	for (; *at; at++) {
		uint64_t digit = digit_of(*at, base);

		is_good &= digit < base && !__builtin_mul_overflow(*number, base, number) &&
			   !__builtin_add_overflow(*number, digit, number);
	}
	if (!is_good || *number < least || *number > most) {
		printf("%s \"%s\": it must be a number from %lu to %lu, or 0x and hexadecimal\n",
		       what, word, least, most);
		return false;
	}
	return true;
}
