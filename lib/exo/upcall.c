/* SPDX-License-Identifier: MIT
 * upcall.c: exceptions in C; see upcall.h. The entry itself is riscv/upcall.S.
 *
 * State: the words EXO_UL_* in the library's part of the u-area, so each environment of a space
 * has its own handler and exception stack. The stack is made at the first registration and stays;
 * the page under it has no rights, so an overflow ends the environment instead of writing over
 * something else.
 */
#include "lib/exo/upcall.h"

#include "lib/exo/call.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define STACK_PAGES 5 /* the first is the guard */

static uint64_t *
library_word(uint64_t offset)
{
	return (uint64_t *)(exo_start()->uarea + offset);
}

/* Called by the entry code. What no handler wants happens again with nobody registered. */
static int
exception_dispatch(struct exo_fault *fault)
{
	int (*handler)(struct exo_fault * fault) = *(void **)library_word(EXO_UL_CLIENT);
	int result = handler(fault);

	if (result != 0) {
		exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 0, 0);
	}
	return result;
}

static int
stack_make(void)
{
	struct exo_pages stack;
	int64_t result = exo_pages_make(&stack, STACK_PAGES);

	if (result < 0) {
		return (int)result;
	}
	result = exo_protect((uint64_t)stack.memory, 1, 0, NULL, EXO_NONE);
	if (result < 0) {
		exo_pages_end(&stack);
		return (int)result;
	}
	*library_word(EXO_UL_STACK) = (uint64_t)stack.memory + STACK_PAGES * EXO_PAGE_SIZE;
	return 0;
}

int
exo_on_exception(int (*handler)(struct exo_fault *fault))
{
	int64_t result = 0;

	if (!handler) {
		result = exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 0, 0);
		return result < 0 ? (int)result : 0;
	}
	if (*library_word(EXO_UL_STACK) == 0) {
		result = stack_make();
	}
	if (result == 0) {
		*library_word(EXO_UL_CLIENT) = (uint64_t)handler;
		*library_word(EXO_UL_HANDLER) = (uint64_t)exception_dispatch;
		*library_word(EXO_UL_FP) = exo_start()->env_flags & EXO_ENV_FP;
		result = exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_exception_entry,
				       (uint64_t)exo_exception_window);
	}
	return result < 0 ? (int)result : 0;
}

uint64_t
exo_instruction_bytes(uint64_t pc)
{
	/* RISC-V unprivileged specification 1.5: the two lowest bits of the first parcel. */
	return (*(const uint16_t *)pc & 3) == 3 ? 4 : 2;
}
