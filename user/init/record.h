/* SPDX-License-Identifier: MIT
 * record.h: what init tells of an environment that has ended, beyond the line that says how:
 * registers, who called whom, the last of its events if the machine is traced.
 */
#ifndef USER_INIT_RECORD_H
#define USER_INIT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include <exo/types.h>

#include "lib/manifest/manifest.h"

/* Remembers the last end of one environment, so that one that is repeated is not told again. */
struct record_last {
	uint64_t kind;
	uint64_t cause;
	uint64_t pc;
	uint64_t tval;
};

/* Who has ended. */
struct record_of {
	const struct manifest_env *manifest;
	exo_handle env; /* ENV, OBSERVE; nothing of it has been taken back */
	const void *elf;
	size_t elf_bytes;
	const struct exo_context *context;
};

/* Says in one line how it ended, and prints the rest behind it: at most 58 lines, none after an
 * exit with status 0, none if it ended just so the last time. */
void record_tell(const struct record_of *of, struct record_last *last);

#endif
