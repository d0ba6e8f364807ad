/* SPDX-License-Identifier: MIT
 * backtrace.c: who called whom, from a stack without frame pointers: programs keep none.
 *
 * As the kernel's panic does it: every word from sp on that could be a return address is looked at:
 * the instruction before it, in the program's file, must be a call. If that call names its target,
 * and the target is the function that was found before, or one found since that is not certain, the
 * caller is certain. Others may be left over from earlier calls, or have been called through a
 * pointer.
 * Invariants: what the program left in its registers and its memory is only compared, never
 * followed: no chain is walked, so none can be a circle, and no more than BACKTRACE_SCAN_BYTES of
 * stack are read.
 * Pure: builds on the host.
 */
#include "user/init/backtrace.h"

#include <stddef.h>

#include <exo/syscalls.h>

#include "lib/base/checked.h"
#include "lib/base/rv.h"

#define SKIPS_MAX    4 /* pages without memory that sp may be below the stack */

struct walk {
	const struct backtrace_of *of;
	struct backtrace_call *calls;
	uint32_t count;
	uint32_t most;
	bool has_ra; /* calls[1] is from `ra`, and has not been met on the stack */
};

/* The instruction at an address, 2 bytes if only these are there; 0 if it is not the program's. */
static uint32_t
word_at(const struct elf *elf, uint64_t address, size_t bytes)
{
	const uint8_t *at = elf_code(elf, address, bytes);
	uint32_t word = 0;

	for (size_t i = bytes; at && i; i--) {
		word = word << 8 | at[i - 1];
	}
	return word;
}

/* As rv_call_target; the call may be the first instruction that there is, and a short one. */
static uint64_t
call_before(const struct elf *elf, uint64_t back)
{
	uint32_t last = word_at(elf, back - 4, 4);

	if (back & 1 || back < 4) {
		return 0;
	}
	last = last ? last : word_at(elf, back - 2, 2) << 16;
	return rv_call_target(back, word_at(elf, back - 8, 4), last);
}

/* Is `target` one of those found since the last certain one, that one included? */
static bool
is_known(const struct backtrace_call *calls, uint32_t count, uint64_t target)
{
	bool known = false;
	bool certain = false;

	while (count && !known && !certain) {
		count--;
		known = calls[count].function == target;
		certain = calls[count].is_certain;
	}
	return known;
}

/* The call that returns to `pc`; the first one stopped at it. A call may be the last instruction of
 * its function, so the name is looked for before the address. */
static void
fill(const struct backtrace_of *of, struct backtrace_call *call, uint64_t pc, bool is_first)
{
	uint64_t within = pc - (is_first ? 0 : 1);

	*call = (struct backtrace_call){.pc = pc};
	if (of->symbols && elf_code(of->elf, within, 1)) {
		call->name = elf_function(of->symbols, within, &call->function);
	}
}

/* Add a caller if `back` may be the address that it is returned to. */
static void
look_at(struct walk *walk, uint64_t back)
{
	struct backtrace_call *call = &walk->calls[walk->count];
	uint64_t target = call_before(walk->of->elf, back);

	if (target) {
		fill(walk->of, call, back, false);
		call->is_certain = is_known(walk->calls, walk->count, target);
		walk->count++;
	}
}

/* Where `ra` returns to. If that is no caller but in the same function, one that was called before
 * has returned there. */
static void
look_at_ra(struct walk *walk)
{
	struct backtrace_call *call = &walk->calls[1];

	look_at(walk, walk->of->context->x[RV_RA]);
	if (walk->count > 1 && call->name && !call->is_certain &&
	    call->function == walk->calls[0].function) {
		walk->count = 1;
	}
	walk->has_ra = walk->count > 1;
}

/* The callers in some words of the stack. A function that has not called any other yet has saved
 * there what is still in `ra`: that is not another caller. */
static void
look_through(struct walk *walk, const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count && walk->count < walk->most; i++) {
		if (walk->has_ra && walk->count == 2 && words[i] == walk->calls[1].pc) {
			walk->has_ra = false;
		} else {
			look_at(walk, words[i]);
		}
	}
}

/* Reads the stack from *at on. How many bytes; 0 at its end. Who has run out of stack has its sp
 * below the memory there is. */
static size_t
read_stack(const struct backtrace_of *of, uint64_t *at, void *to, size_t bytes, bool is_begin)
{
	int64_t taken = of->peek(of->program, *at, to, bytes);

	for (uint32_t i = 0; is_begin && taken <= 0 && i < SKIPS_MAX; i++) {
		*at = align_down_u64(*at, EXO_PAGE_SIZE) + EXO_PAGE_SIZE;
		taken = of->peek(of->program, *at, to, bytes);
	}
	return taken > 0 && (uint64_t)taken <= bytes ? (size_t)taken : 0;
}

static void
scan(struct walk *walk)
{
	uint64_t at = walk->of->context->x[RV_SP] & ~7ul;
	uint64_t words[EXO_PEEK_BYTES / 8];
	size_t bytes = 8;

	for (size_t done = 0; done < BACKTRACE_SCAN_BYTES && bytes >= 8; done += bytes) {
		bytes = read_stack(walk->of, &at, words, sizeof(words), !done);
		look_through(walk, words, bytes / 8);
		at += bytes;
	}
}

uint32_t
backtrace_make(const struct backtrace_of *of, struct backtrace_call *calls, uint32_t most)
{
	struct walk walk = {.of = of, .calls = calls, .count = 1, .most = most};

	fill(of, &calls[0], of->context->pc, true);
	calls[0].is_certain = true;
	if (most > 1) {
		look_at_ra(&walk);
		scan(&walk);
	}
	return walk.count;
}
