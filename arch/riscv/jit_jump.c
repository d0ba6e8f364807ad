/* SPDX-License-Identifier: MIT
 * jit_jump.c: jumps and calls of downloaded code. RFC 9669, 4.3.
 *
 * A branch stands for a jump only if that goes forward and surely not too far; else a branch over a
 * `jal` does, for a reason of its own (jit.c: what a program's bytes could be taken for).
 */
#include <stddef.h>
#include "arch/riscv/jit.h"

/* Most words for one instruction, its block's payment too: a call. A branch reaches 1023 words. */
#define WORDS_MAX  29
#define NEAR_INSNS (1023 / WORDS_MAX)

/* funct3 of the branch, and whether it compares the operands the other way round. */
static const struct {
	uint8_t funct3;
	bool is_turned;
} branches[] = {
	[BPF_JEQ >> 4] = {0, false},  [BPF_JGT >> 4] = {6, true},  [BPF_JGE >> 4] = {7, false},
	[BPF_JNE >> 4] = {1, false},  [BPF_JSET >> 4] = {1, true}, [BPF_JSGT >> 4] = {4, true},
	[BPF_JSGE >> 4] = {5, false}, [BPF_JLT >> 4] = {6, false}, [BPF_JLE >> 4] = {7, true},
	[BPF_JSLT >> 4] = {4, false}, [BPF_JSLE >> 4] = {5, true},
};

static void
branch(struct arch_jit *j, const struct exo_insn *i, uint32_t rs1, uint32_t rs2)
{
	uint32_t funct3 = branches[bpf_operation(i->opcode) >> 4].funct3;
	uint32_t target = (uint32_t)bpf_target(i, j->at);
	bool is_near = target > j->at && target <= j->at + NEAR_INSNS;

	jit_put(j, rv_b(funct3 ^ !is_near, rs1, rs2, is_near ? jit_distance(j, target) : 8));
	if (!is_near) {
		jit_put(j, rv_jal(RV_ZERO, jit_distance(j, target)));
	}
}

/* The second operand; a constant of 32 bits has zeros above. */
static uint32_t
second(struct arch_jit *j, const struct exo_insn *i)
{
	bool is_long = bpf_class(i->opcode) == BPF_JMP;

	if (i->opcode & BPF_X) {
		return jit_register(j, bpf_source(i));
	}
	return jit_constant(j, JIT_A, is_long ? (uint64_t)(int64_t)i->imm : (uint32_t)i->imm);
}

/* The bits that both have in JIT_C. */
static void
test_bits(struct arch_jit *j, const struct exo_insn *i)
{
	bool is_narrow = !(i->opcode & BPF_X) || jit_is_narrow(j, bpf_source(i)) ||
			 jit_is_narrow(j, bpf_destination(i));
	uint32_t b = second(j, i);

	jit_op(j, RV(and), JIT_C, jit_register(j, bpf_destination(i)), (int32_t)b);
	if (bpf_class(i->opcode) == BPF_JMP32 && !is_narrow) {
		jit_op(j, RV(addiw), JIT_C, JIT_C, 0);
	}
}

/* The low 32 bits of an operand with their sign, in rd: so they compare alike, whether as signed
 * or as unsigned numbers. */
static uint32_t
extended(struct arch_jit *j, const struct exo_insn *i, bool is_destination, uint32_t rd)
{
	if (!is_destination && !(i->opcode & BPF_X)) {
		return jit_constant(j, rd, (uint64_t)(int64_t)i->imm);
	}
	jit_op(j, RV(addiw), rd,
	       jit_register(j, is_destination ? bpf_destination(i) : bpf_source(i)), 0);
	return rd;
}

/* Can 32 bits be compared as they stand? */
static bool
is_comparable(const struct arch_jit *j, const struct exo_insn *i)
{
	uint32_t funct3 = branches[bpf_operation(i->opcode) >> 4].funct3;
	bool is_signed = funct3 == 4 || funct3 == 5;

	return !is_signed && jit_is_narrow(j, bpf_destination(i)) &&
	       (!(i->opcode & BPF_X) || jit_is_narrow(j, bpf_source(i)));
}

static void
compare(struct arch_jit *j, const struct exo_insn *i)
{
	bool is_turned = branches[bpf_operation(i->opcode) >> 4].is_turned;
	bool is_long = bpf_class(i->opcode) == BPF_JMP;
	uint32_t a;
	uint32_t b;

	if (is_long || is_comparable(j, i)) {
		a = jit_register(j, bpf_destination(i));
		b = second(j, i);
	} else {
		a = extended(j, i, true, is_turned ? JIT_C : JIT_A);
		b = extended(j, i, false, is_turned ? JIT_A : JIT_C);
	}
	branch(j, i, is_turned ? b : a, is_turned ? a : b);
}

void
jit_jump(struct arch_jit *j, const struct exo_insn *i)
{
	switch (bpf_operation(i->opcode)) {
	case BPF_JA:
		jit_put(j, rv_jal(RV_ZERO, jit_distance(j, (uint32_t)bpf_target(i, j->at))));
		break;
	case BPF_EXIT:
		jit_register(j, 0);
		jit_leave(j, JIT_DONE);
		break;
	case BPF_JSET:
		test_bits(j, i);
		branch(j, i, RV_ZERO, JIT_C);
		break;
	default:
		compare(j, i);
		break;
	}
}

/* What a helper need not keep is in the frame. */
static void
call_helper(struct arch_jit *j, uint32_t nr)
{
	jit_op(j, RV(addi), RV_A0, JIT_RUN, 0);
	jit_op(j, RV(addi), RV_A1, RV_ZERO, (int32_t)nr);
	jit_op(j, RV(addi), RV_A2, RV_SP, JIT_FRAME_RESULT);
	jit_op(j, RV(ld), JIT_C, RV_A0, offsetof(struct code_run, helper));
	jit_put(j, rv_jalr(RV_RA, JIT_C, 0));
	jit_op(j, RV(ld), JIT_RUN, RV_SP, JIT_FRAME_RUN);
	jit_op(j, RV(ld), jit_register(j, 0), RV_SP, JIT_FRAME_RESULT);
	jit_op(j, RV(addi), JIT_A, RV_A0, 0);
	jit_op(j, RV(ld), JIT_FUEL, JIT_RUN, offsetof(struct code_run, fuel));
	jit_op(j, RV(ld), JIT_POOL, RV_SP, JIT_FRAME_POOL);
}

/* RFC 9669, 4.3.1: r1 to r5 do not survive; here they are 0 afterwards. The helper sees them, and
 * the fuel that is left, in *run. */
void
jit_call(struct arch_jit *j, const struct exo_insn *i)
{
	j->has_calls = true;
	for (uint32_t n = 1; n <= 5; n++) {
		jit_put(j, rv_sd(jit_register(j, n), JIT_RUN,
				 (int32_t)(offsetof(struct code_run, argument[0]) + 8 * (n - 1))));
	}
	jit_put(j, rv_sd(JIT_FUEL, JIT_RUN, offsetof(struct code_run, fuel)));
	jit_put(j, rv_sd(jit_register(j, 0), RV_SP, JIT_FRAME_RESULT));
	call_helper(j, (uint32_t)i->imm);
	jit_put(j, rv_beq(RV_ZERO, JIT_A, 8));
	jit_leave(j, JIT_OUT);
	for (uint32_t n = 0; n <= 5; n++) {
		if (n) {
			jit_set(j, jit_register(j, n), 0);
		}
		jit_written(j, n, n > 0);
	}
	for (uint32_t n = 0; n < ARCH_JIT_BASES; n++) {
		j->reach[n].is_valid = false;
	}
}
