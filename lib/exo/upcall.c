/* SPDX-License-Identifier: MIT
 * upcall.c: exceptions and events in C; see upcall.h. The entries are in riscv/upcall.S.
 *
 * State: the words EXO_UL_* in the library's part of the u-area, so each environment of a space
 * has its own handlers and stacks. A stack is made at the first registration and stays; the page
 * under it is empty, so an overflow stops the environment instead of writing over something
 * else. Events have a stack of their own, for their handler may fault.
 */
#include "lib/exo/upcall.h"

#include "lib/exo/call.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define STACK_PAGES 4

_Static_assert(EXO_CALL_RESUME == -EXO_NR_resume, "upcall.S makes this call");

static uint64_t *
library_word(uint64_t offset)
{
	return (uint64_t *)(exo_own_uarea() + offset);
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

/* Called by the entry code of asynchronous upcalls. */
static void
upcall_dispatch(uint64_t events)
{
	const struct exo_uarea *u = (const struct exo_uarea *)exo_own_uarea();
	void (*on_slice)(void);
	void (*on_event)(uint64_t bits);

	if (u->async_what == EXO_UPCALL_EVENT) {
		on_event = *(void **)library_word(EXO_UL_EVENT_CLIENT);
		on_event(events);
		return;
	}
	on_slice = *(void **)library_word(u->async_what == EXO_UPCALL_BEGIN ? EXO_UL_BEGIN_CLIENT
									    : EXO_UL_END_CLIENT);
	on_slice();
}

/* `word`, if it is 0, becomes the end of a new stack in `frames`. */
static int
stack_make(uint64_t *word, uint64_t *frames)
{
	struct exo_pages stack;
	int result = *word ? 0 : exo_stack_make(&stack, STACK_PAGES);

	if (*word || result < 0) {
		return result;
	}
	*word = (uint64_t)stack.memory + STACK_PAGES * EXO_PAGE_SIZE;
	*frames = stack.frames;
	return 0;
}

static void
stack_end(uint64_t end, exo_handle frames)
{
	struct exo_pages stack = {frames, (void *)(end - STACK_PAGES * EXO_PAGE_SIZE), STACK_PAGES};

	if (frames != EXO_NONE) {
		exo_stack_end(&stack);
	}
}

void
exo_upcall_end(uint64_t uarea)
{
	stack_end(*(uint64_t *)(uarea + EXO_UL_STACK), *(uint64_t *)(uarea + EXO_UL_FRAMES));
	stack_end(*(uint64_t *)(uarea + EXO_UL_EVENT_STACK),
		  *(uint64_t *)(uarea + EXO_UL_EVENT_FRAMES));
}

int
exo_on_exception(int (*handler)(struct exo_fault *fault))
{
	int64_t result = 0;

	if (!handler) {
		result = exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 0, 0);
		return result < 0 ? (int)result : 0;
	}
	result = stack_make(library_word(EXO_UL_STACK), library_word(EXO_UL_FRAMES));
	if (result == 0) {
		*library_word(EXO_UL_CLIENT) = (uint64_t)handler;
		*library_word(EXO_UL_HANDLER) = (uint64_t)exception_dispatch;
		*library_word(EXO_UL_FP) = exo_start()->env_flags & EXO_ENV_FP;
		result = exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_exception_entry,
				       (uint64_t)exo_exception_window);
	}
	return result < 0 ? (int)result : 0;
}

/* The stack and the C side of asynchronous upcalls; `handler` is for those that `client` says. */
static int
upcall_prepare(uint64_t client, const void *handler)
{
	int result =
		stack_make(library_word(EXO_UL_EVENT_STACK), library_word(EXO_UL_EVENT_FRAMES));

	if (result == 0) {
		*library_word(client) = (uint64_t)handler;
		*library_word(EXO_UL_EVENT_HANDLER) = (uint64_t)upcall_dispatch;
		*library_word(EXO_UL_FP) = exo_start()->env_flags & EXO_ENV_FP;
	}
	return result;
}

int
exo_on_event(uint64_t mask, void (*handler)(uint64_t events))
{
	int64_t result = handler ? upcall_prepare(EXO_UL_EVENT_CLIENT, (void *)handler) : 0;

	if (result == 0) {
		result = exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT,
				       handler ? (uint64_t)exo_event_entry : 0, mask);
	}
	return result < 0 ? (int)result : 0;
}

int
exo_on_slice(enum exo_entry which, void (*handler)(void))
{
	uint64_t client = which == EXO_ENTRY_BEGIN ? EXO_UL_BEGIN_CLIENT : EXO_UL_END_CLIENT;
	int64_t result = 0;

	if (which != EXO_ENTRY_BEGIN && which != EXO_ENTRY_END) {
		return E_INVAL;
	}
	if (handler) {
		result = upcall_prepare(client, (void *)handler);
	}
	if (result == 0) {
		result = exo_env_entry(EXO_NONE, which, handler ? (uint64_t)exo_event_entry : 0, 0);
	}
	return result < 0 ? (int)result : 0;
}

uint64_t
exo_events_hold(void)
{
	struct exo_uarea *u = (struct exo_uarea *)exo_own_uarea();
	uint64_t held = __atomic_load_n(&u->mask, __ATOMIC_RELAXED);

	__atomic_store_n(&u->mask, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return held;
}

void
exo_events_release(uint64_t held)
{
	struct exo_uarea *u = (struct exo_uarea *)exo_own_uarea();

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&u->mask, held, __ATOMIC_RELAXED);
	if (!held && __atomic_load_n(&u->pending, __ATOMIC_RELAXED)) {
		__atomic_store_n(&u->pending, 0, __ATOMIC_RELAXED);
		exo_sleep(0, 0); /* delivers it */
	}
}

uint64_t
exo_instruction_bytes(uint64_t pc)
{
	/* RISC-V unprivileged specification 1.5: the two lowest bits of the first parcel. */
	return (*(const uint16_t *)pc & 3) == 3 ? 4 : 2;
}
