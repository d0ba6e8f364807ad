/* SPDX-License-Identifier: MIT
 * command.h: the commands of the monitor, and how a line of them is carried out.
 */
#ifndef USER_MONITOR_COMMAND_H
#define USER_MONITOR_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 6 /* of a command, itself among them */

struct words {
	uint32_t count;
	const char *word[WORDS_MAX];
};

struct command {
	const char *name;
	const char *arguments; /* "ADDRESS [COUNT] NAME" */
	const char *summary;
	const char *details; /* further lines of help */
	uint32_t least;      /* arguments */
	uint32_t most;
	void (*run)(const struct words *words);
};

/* Carries out the commands of a line, which are separated by `;`. The text is taken apart. With
 * `is_told`, a line `> command` stands before what each of them prints. */
void command_line(char *text, bool is_told);

/* True while commands come from the boot argument, so that nobody sits at the keyboard. */
bool command_is_told(void);

/* For completion: the n-th word that can stand at text + start. */
const char *command_word(void *context, const char *text, size_t start, uint32_t n);

/* A number, decimal or 0x hexadecimal, from `least` to `most`. False, with a sentence that names it
 * as `what`, if the word is none. */
bool command_number(const char *word, const char *what, uint64_t least, uint64_t most,
		    uint64_t *number);

/* The commands, one function each; each file of run_*.c has some. */
void run_envs(const struct words *words);
void run_caps(const struct words *words);
void run_frames(const struct words *words);
void run_timeline(const struct words *words);
void run_irqs(const struct words *words);
void run_nics(const struct words *words);
void run_filters(const struct words *words);
void run_rings(const struct words *words);
void run_top(const struct words *words);
void run_trace(const struct words *words);
void run_kill(const struct words *words);
void run_revoke(const struct words *words);
void run_stop(const struct words *words);
void run_resume(const struct words *words);
void run_regs(const struct words *words);
void run_read(const struct words *words);
void run_gdb(const struct words *words);
void run_power_off(const struct words *words);
void run_reboot(const struct words *words);
void run_power(const struct words *words);

#endif
