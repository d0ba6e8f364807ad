/* SPDX-License-Identifier: MIT
 * jit_arithmetic.c: arithmetic, moves and byte swaps of downloaded code. RFC 9669, section 4.
 *
 * Results of 32 bits are extended with zeros, where RISC-V extends the sign: two instructions more,
 * saved where the result is known to be below 2^32 because of what was put into it.
 */
#include "arch/riscv/jit.h"

/* What one instruction works on. `is_narrow`: both operands are below 2^32. */
struct work {
	const struct exo_insn *i;
	unsigned operation;
	bool is_long; /* 64 bits */
	bool is_constant;
	uint32_t rd;
	uint64_t value; /* of the constant: with its sign, of 32 bits with zeros */
	bool is_narrow_a;
	bool is_narrow_b;
};

/* funct3 and funct7 of what computes the same. */
static const struct {
	uint8_t funct3;
	uint8_t funct7;
} instruction[] = {
	[BPF_ADD >> 4] = {0, 0}, [BPF_SUB >> 4] = {0, 32},  [BPF_MUL >> 4] = {0, 1},
	[BPF_DIV >> 4] = {5, 1}, [BPF_OR >> 4] = {6, 0},    [BPF_AND >> 4] = {7, 0},
	[BPF_LSH >> 4] = {1, 0}, [BPF_RSH >> 4] = {5, 0},   [BPF_MOD >> 4] = {7, 1},
	[BPF_XOR >> 4] = {4, 0}, [BPF_ARSH >> 4] = {5, 32},
};

static void
clear_high(struct arch_jit *j, uint32_t rd, uint32_t rs)
{
	jit_op(j, RV(slli), rd, rs, 32);
	jit_op(j, RV(srli), rd, rd, 32);
}

/* Is the result of the usual instruction below 2^32? Else it has to be made so, for 32 bits. */
static bool
stays_narrow(const struct work *w)
{
	switch (w->operation) {
	case BPF_AND:
		return w->is_narrow_a || w->is_narrow_b;
	case BPF_OR:
	case BPF_XOR:
		return w->is_narrow_a && w->is_narrow_b;
	case BPF_DIV:
	case BPF_MOD:
		return !w->i->offset && w->is_narrow_a && w->is_narrow_b;
	case BPF_RSH:
		return w->is_long && w->is_narrow_a;
	default:
		return false;
	}
}

/* Shifts look at the low bits of the amount only, and divisions at the upper half of what is not
 * narrow: these need the instructions for 32 bits. The others may work on more than is wanted. */
static uint32_t
opcode_for(const struct work *w)
{
	switch (w->operation) {
	case BPF_DIV:
	case BPF_MOD:
		return w->is_long || stays_narrow(w) ? RV_OP : RV_OP_32;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		return w->is_long ? RV_OP : RV_OP_32;
	default:
		return RV_OP;
	}
}

static void
compute(struct arch_jit *j, const struct work *w, uint32_t rs2)
{
	uint32_t funct3 = instruction[w->operation >> 4].funct3;
	bool is_division = w->operation == BPF_DIV || w->operation == BPF_MOD;

	jit_put(j, rv_r(opcode_for(w), is_division && w->i->offset ? funct3 - 1 : funct3,
			instruction[w->operation >> 4].funct7, w->rd, w->rd, rs2));
}

/* 4.1: x / 0 is 0, where RISC-V says -1. The other odd cases are alike, x % 0 too. */
static void
divide(struct arch_jit *j, const struct work *w, uint32_t rs2)
{
	uint32_t divisor = rs2;

	if (!w->is_long && !w->is_narrow_b) {
		divisor = JIT_C;
		jit_op(j, RV(addiw), JIT_C, rs2, 0);
	}
	jit_op(j, RV(sltu), JIT_B, RV_ZERO, divisor);
	jit_op(j, RV(sub), JIT_B, RV_ZERO, JIT_B);
	compute(j, w, rs2);
	jit_op(j, RV(and), w->rd, w->rd, JIT_B);
}

static bool
general(struct arch_jit *j, const struct work *w)
{
	if (w->operation == BPF_DIV && !w->is_constant) {
		divide(j, w, jit_register(j, bpf_source(w->i)));
	} else if (w->operation == BPF_DIV && !w->value) {
		jit_set(j, w->rd, 0);
		return true;
	} else {
		compute(j, w,
			w->is_constant ? jit_constant(j, JIT_A, w->value)
				       : jit_register(j, bpf_source(w->i)));
	}
	return stays_narrow(w);
}

/* Shifts by a constant: only the low 6 or 5 bits count. */
static bool
shift(struct arch_jit *j, const struct work *w)
{
	uint32_t amount = (uint32_t)w->value & (w->is_long ? 63 : 31);
	bool is_word = !w->is_long && !(w->operation == BPF_RSH && w->is_narrow_a);
	bool is_signed = w->operation == BPF_ARSH;
	uint32_t rd = w->rd;

	if (w->operation == BPF_LSH) {
		jit_op(j, RV(slli), rd, rd, w->is_long ? amount : amount + 32);
		if (!w->is_long) {
			jit_op(j, RV(srli), rd, rd, 32);
		}
		return !w->is_long;
	}
	jit_put(j, rv_i(is_word ? RV_OP_IMM_32 : RV_OP_IMM, 5, rd, rd,
			(int32_t)(amount | (is_signed ? 0x400 : 0))));
	return w->is_long ? w->is_narrow_a || (!is_signed && amount >= 32)
			  : !is_signed && (w->is_narrow_a || amount);
}

static bool
move(struct arch_jit *j, const struct work *w)
{
	uint32_t bits = (uint32_t)w->i->offset;
	uint32_t rs;

	if (w->is_constant) {
		jit_set(j, w->rd, w->value);
		return w->is_narrow_b;
	}
	rs = jit_register(j, bpf_source(w->i));
	if (bits) {
		jit_op(j, RV(slli), w->rd, rs, 64 - bits);
		jit_op(j, RV(srai), w->rd, w->rd, (w->is_long ? 64 : 32) - bits);
		if (!w->is_long) {
			jit_op(j, RV(srli), w->rd, w->rd, 32);
		}
		return !w->is_long;
	}
	if (!w->is_long && !w->is_narrow_b) {
		clear_high(j, w->rd, rs);
		return true;
	}
	if (rs != w->rd) {
		jit_op(j, RV(addi), w->rd, rs, 0);
	}
	return w->is_narrow_b;
}

/* Exchanges neighbours of `bits` throughout; `mask` has those that go up. */
static void
exchange(struct arch_jit *j, uint32_t rd, uint32_t bits, uint64_t mask)
{
	jit_set(j, JIT_B, mask);
	jit_op(j, RV(srli), JIT_C, rd, bits);
	jit_op(j, RV(and), JIT_C, JIT_C, JIT_B);
	jit_op(j, RV(and), rd, rd, JIT_B);
	jit_op(j, RV(slli), rd, rd, bits);
	jit_op(j, RV(or), rd, rd, JIT_C);
}

/* JIT_C has what comes from above down; the low `bits` of rd go up to bit 64 and `down` from there.
 */
static void
rotate(struct arch_jit *j, uint32_t rd, uint32_t bits, uint32_t down)
{
	jit_op(j, RV(slli), rd, rd, bits);
	if (down) {
		jit_op(j, RV(srli), rd, rd, down);
	}
	jit_op(j, RV(or), rd, rd, JIT_C);
}

static void
swap(struct arch_jit *j, uint32_t rd, uint32_t bits)
{
	switch (bits) {
	case 16:
		jit_op(j, RV(slli), JIT_C, rd, 48);
		jit_op(j, RV(srli), JIT_C, JIT_C, 56);
		rotate(j, rd, 56, 48);
		break;
	case 32:
		exchange(j, rd, 8, 0x00ff00ff);
		jit_op(j, RV(srli), JIT_C, rd, 16);
		rotate(j, rd, 48, 32);
		break;
	default:
		exchange(j, rd, 8, 0x00ff00ff00ff00ff);
		exchange(j, rd, 16, 0x0000ffff0000ffff);
		jit_op(j, RV(srli), JIT_C, rd, 32);
		rotate(j, rd, 32, 0);
		break;
	}
}

/* 4.2: the machine is little-endian, so to that order bytes only get lost. */
static bool
reorder(struct arch_jit *j, const struct work *w)
{
	uint32_t bits = (uint32_t)w->i->imm;

	if (w->i->opcode != (BPF_ALU | BPF_END | BPF_K)) {
		swap(j, w->rd, bits);
		return bits < 64;
	}
	if (bits < 64) {
		jit_op(j, RV(slli), w->rd, w->rd, 64 - bits);
		jit_op(j, RV(srli), w->rd, w->rd, 64 - bits);
		return true;
	}
	return w->is_narrow_a;
}

/* Emits it. True if the result is below 2^32 as it stands. */
static bool
translate(struct arch_jit *j, const struct work *w)
{
	switch (w->operation) {
	case BPF_END:
		return reorder(j, w);
	case BPF_MOV:
		return move(j, w);
	case BPF_NEG:
		jit_op(j, RV(sub), w->rd, RV_ZERO, w->rd);
		return false;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		return w->is_constant ? shift(j, w) : general(j, w);
	default:
		return general(j, w);
	}
}

void
jit_arithmetic(struct arch_jit *j, const struct exo_insn *i)
{
	struct work w = {
		.i = i,
		.operation = bpf_operation(i->opcode),
		.is_long = bpf_class(i->opcode) == BPF_ALU64,
		.is_constant = !(i->opcode & BPF_X),
		.rd = jit_register(j, bpf_destination(i)),
		.is_narrow_a = jit_is_narrow(j, bpf_destination(i)),
	};
	bool is_narrow;

	w.value = w.is_long ? (uint64_t)(int64_t)i->imm : (uint32_t)i->imm;
	w.is_narrow_b = w.is_constant ? w.value >> 32 == 0 : jit_is_narrow(j, bpf_source(i));
	is_narrow = translate(j, &w);
	if (!is_narrow && !w.is_long && w.operation != BPF_END) {
		clear_high(j, w.rd, w.rd);
		is_narrow = true;
	}
	jit_written(j, bpf_destination(i), is_narrow);
}
