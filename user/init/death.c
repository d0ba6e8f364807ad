/* SPDX-License-Identifier: MIT
 * death.c: the record that the kernel keeps of an environment's end, in words.
 *
 * The words for scause follow the RISC-V privileged specification, table "Supervisor cause
 * register values after trap". Pure: builds on the host.
 */
#include "user/init/death.h"

#include "lib/base/checked.h"
#include "lib/base/print.h"

#define CAUSE_ILLEGAL 2 /* tval is the instruction then, or 0 */

static const char *const causes[] = {
	[0] = "jump to a misaligned address",
	[1] = "jump to memory that does not exist",
	[2] = "illegal instruction",
	[3] = "breakpoint",
	[4] = "misaligned load",
	[5] = "load from memory that does not exist",
	[6] = "misaligned store",
	[7] = "store to memory that does not exist",
	[8] = "system call that the kernel does not know",
	[12] = "jump to a page that is not mapped executable",
	[13] = "load from a page that is not mapped readable",
	[15] = "store to a page that is not mapped writable",
};

void
death_describe(const struct exo_context *context, char text[DEATH_BYTES])
{
	uint64_t cause = context->death.cause;
	const char *word = cause < ARRAY_SIZE(causes) ? causes[cause] : NULL;

	switch (context->death.kind) {
	case EXO_DEATH_EXIT:
		snformat(text, DEATH_BYTES, "ended with status %ld", (long)cause);
		break;
	case EXO_DEATH_FAULT:
		snformat(text, DEATH_BYTES,
			 "died of an exception: %s (cause %lu), pc 0x%lx, %s 0x%lx",
			 word ? word : "unknown", cause, context->death.pc,
			 cause == CAUSE_ILLEGAL ? "instruction" : "address", context->death.tval);
		break;
	case EXO_DEATH_STOP:
		snformat(text, DEATH_BYTES,
			 "was ended: its memory or capability space was taken away");
		break;
	case EXO_DEATH_OVERRUN:
		snformat(text, DEATH_BYTES,
			 "was ended: it ran over the ends of its slices %lu times, pc 0x%lx", cause,
			 context->death.pc);
		break;
	default:
		snformat(text, DEATH_BYTES, "ended in an unknown way (kind %lu)",
			 context->death.kind);
		break;
	}
}
