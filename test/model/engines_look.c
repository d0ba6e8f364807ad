/* SPDX-License-Identifier: MIT
 * engines_look.c: could a jump into the middle of compiled code find instructions of the program's
 * making? Each word is looked at for what the head comment of arch/riscv/jit.c says of it.
 */
#include <stddef.h>
#include <exo/errors.h>
#include "arch/riscv/jit.h"
#include "test/model/engines.h"

/* Words of which nothing was chosen: an upper half that is the beginning of a longer instruction,
 * or a store, is none that somebody wanted. */
static bool
is_run_access(uint32_t word)
{
	uint32_t opcode = word & 0x7f;

	return (opcode == RV_LOAD || opcode == RV_STORE) && (word >> 12 & 7) == 3 &&
	       (word >> 15 & 31) == JIT_RUN;
}

static bool
is_check(uint32_t word)
{
	const int32_t store = offsetof(struct code_run, store);
	const uint32_t ends[] = {JIT_END, JIT_ENDS, JIT_ENDS + 1};

	for (int n = 0; n < 3; n++) {
		if (word == rv_ld(ends[n], JIT_C, 8) || word == rv_ld(ends[n], JIT_C, store + 8) ||
		    word == rv_bltu(JIT_B, ends[n], 8) || word == rv_add(ends[n], ends[n], JIT_C)) {
			return true;
		}
	}
	return word == rv_andi(JIT_C, JIT_C, 0x70) || word == rv_add(JIT_C, JIT_C, JIT_RUN) ||
	       word == rv_ld(JIT_C, JIT_C, 0) || word == rv_ld(JIT_C, JIT_C, store);
}

static bool
is_fixed(uint32_t word)
{
	return is_check(word) || is_run_access(word) || word == rv_and(JIT_C, JIT_C, JIT_B) ||
	       word == rv_addiw(JIT_C, JIT_C, 0) || word == rv_srli(JIT_C, JIT_C, 56) ||
	       word == rv_jalr(RV_RA, JIT_C, 0) || word == rv_addi(RV_A0, JIT_RUN, 0) ||
	       word == rv_addi(JIT_A, RV_ZERO, E_LIMIT) || word == rv_addi(JIT_A, RV_ZERO, E_FAULT);
}

/* The instruction that begins in the upper half of a `jal` backward: `fence`, or of more bits than
 * any has that exists, or one of floating point. */
static bool
is_harmless_long(uint32_t word)
{
	uint32_t opcode = word >> 16 & 0x7f;

	return (word & 0x7f) == RV_JAL &&
	       (opcode == 0x0f || opcode == 0x1f || opcode == 0x4f || opcode == 0x5f);
}

/* Arithmetic with a constant that is not small; shifts have amounts. */
static bool
has_constant(uint32_t word)
{
	uint32_t opcode = word & 0x7f;
	bool is_shift = (word >> 12 & 3) == 1;

	return (opcode == RV_OP_IMM || opcode == RV_OP_IMM_32) && !is_shift &&
	       word >> 20 > JIT_SMALL;
}

static const char *
look(uint32_t word)
{
	uint32_t half = word >> 16;
	uint32_t funct3 = half >> 13;

	if (is_fixed(word)) {
		return NULL;
	}
	if ((half & 3) != 1 && has_constant(word)) {
		return "a constant stands in the code";
	}
	switch (half & 3) {
	case 0:
		return funct3 < 4 ? NULL : "an upper half stores";
	case 1:
		return NULL;
	case 2:
		return funct3 < 4 ? NULL : "an upper half stores, or jumps through a register";
	default:
		return is_harmless_long(word) ? NULL : "an upper half begins an instruction";
	}
}

const char *
engines_look(const struct engines *e)
{
	for (uint32_t n = 0; n < e->jit.words; n++) {
		const char *failure = look(e->code[n]);

		if (failure) {
			return failure;
		}
	}
	return NULL;
}
