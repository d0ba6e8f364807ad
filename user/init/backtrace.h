/* SPDX-License-Identifier: MIT
 * backtrace.h: who called whom in a program that has stopped, from its registers and its stack.
 */
#ifndef USER_INIT_BACKTRACE_H
#define USER_INIT_BACKTRACE_H

#include <stdbool.h>

#include <exo/types.h>

#include "lib/base/elf.h"

#define BACKTRACE_SCAN_BYTES 16384 /* of the stack, at most */

struct backtrace_call {
	uint64_t pc;       /* the first: where it stopped; else the address that is returned to */
	uint64_t function; /* where the function begins that this is in; 0 if that has no name */
	const char *name;  /* in the ELF file; NULL if there is none */
	bool is_certain;
};

/* What is looked at. */
struct backtrace_of {
	const struct elf *elf;
	const struct elf_symbols *symbols; /* NULL: there are no names */
	const struct exo_context *context;
	/* Up to `bytes` of the program's memory, as exo_env_peek: how many, or an error. */
	int64_t (*peek)(const void *program, uint64_t address, void *to, size_t bytes);
	const void *program;
};

/* Fills calls[], innermost first, and returns how many: at least 1, at most `most`, which is not 0.
 */
uint32_t backtrace_make(const struct backtrace_of *of, struct backtrace_call *calls, uint32_t most);

#endif
