/* SPDX-License-Identifier: MIT
 * jit.c: compiles verified programs to RV64IM, each instruction by itself.
 *
 *	code:  prologue | the program | limit, fault: set the error | done: set r0 | out: epilogue
 *
 * Pass 0 finds out how long everything is and which registers are in use, pass 1 writes. Both do
 * the same, word for word, so a jump knows where it goes. An instruction takes at most 28 words.
 *
 * What a program's bytes could be taken for. Who makes the kernel jump to a wrong place would like
 * to find instructions of his own there: bytes that stand in code as numbers. With compressed
 * instructions each word offers its upper half as a beginning. What the program chooses are
 * registers, constants, displacements, distances and shift amounts, and the upper half begins with
 * the four high bits of rs1. Therefore:
 * - A word with anything chosen has no rs1 whose bits 2:1 are both set: so its upper half is one
 *   compressed instruction, after which come words as they were meant. Nobody can chain a second
 *   chosen one but by a jump within these same bytes. (`jal` has the high bits of its distance
 *   there: 0 forward, all ones backward, which with a distance of whole words is `fence` or the
 *   beginning of what no hart has.)
 * - Constants over 31 come from the pool, which is not executable; that, amounts of shifts and the
 *   second operand leave bits 15:13 as 000 or 010: additions, `c.li`, shifts, loads of words.
 * - Full displacements stand only with rs1 = x10, x11, x18, x19, x26: compressed quadrant 1, no
 *   loads, no stores, no jump through a register.
 * - Branches go forward only: bit 15 is 0, no stores, no jump through a register.
 * tests: jit_test.c looks at each word of many programs for this.
 *
 * Cost: an instruction per unit of fuel, at most, and seventy around a run; helpers' own ones
 * apart. jit_test.c has the worst programs.
 */
#include <stddef.h>
#include <exo/errors.h>
#include "arch/riscv/jit.h"

#define POOL_WINDOW 16   /* constants among which an equal one is looked for */
#define POOL_BIAS   2040 /* so that 511 constants are within 2 KiB on both sides */
#define REACH_BYTES 2048

static int32_t
offset_of_argument(uint32_t n)
{
	return (int32_t)(offsetof(struct code_run, argument) + sizeof(uint64_t) * (n - 1));
}

void
jit_put(struct arch_jit *j, uint32_t word)
{
	if (j->pass) {
		j->code[j->words] = word;
	}
	j->words++;
}

void
jit_op(struct arch_jit *j, uint32_t word, uint32_t rd, uint32_t rs1, int32_t last)
{
	jit_put(j, word | rd << 7 | rs1 << 15 | (uint32_t)last << 20);
}

uint32_t
jit_use(struct arch_jit *j, uint32_t machine)
{
	j->used |= 1u << machine;
	return machine;
}

/* r0 to r4 where nothing has to be saved. */
static const uint8_t machine[] = {RV_A2, RV_A3, RV_A6, RV_A7, RV_T3, RV_S9,
				  RV_S0, RV_S1, RV_S4, RV_S5, RV_S8};

uint32_t
jit_register(struct arch_jit *j, uint32_t bpf)
{
	return jit_use(j, machine[bpf]);
}

/* Where the constant is in the pool. */
static uint32_t
pool_index(struct arch_jit *j, uint64_t value)
{
	uint32_t n = j->pooled;
	uint32_t last = n > POOL_WINDOW ? n - POOL_WINDOW : 0;

	while (n > last) {
		if (j->pool[--n] == value) {
			return n;
		}
	}
	if (j->pooled >= j->pool_words || j->pooled >= ARCH_JIT_POOL_MAX) {
		j->is_full = true;
		return 0;
	}
	j->pool[j->pooled] = value;
	return j->pooled++;
}

void
jit_set(struct arch_jit *j, uint32_t rd, uint64_t value)
{
	int32_t at;

	if (value <= JIT_SMALL) {
		jit_op(j, RV(addi), rd, RV_ZERO, (int32_t)value);
		return;
	}
	at = (int32_t)(pool_index(j, value) * sizeof(uint64_t));
	jit_op(j, RV(ld), rd, jit_use(j, JIT_POOL), j->has_bias ? at - POOL_BIAS : at);
}

uint32_t
jit_constant(struct arch_jit *j, uint32_t rd, uint64_t value)
{
	if (!value) {
		return RV_ZERO;
	}
	jit_set(j, rd, value);
	return rd;
}

void
jit_leave(struct arch_jit *j, uint32_t way)
{
	jit_put(j, rv_jal(RV_ZERO, jit_distance(j, j->insns) + 4 * (int32_t)way));
}

void
jit_leave_unless(struct arch_jit *j, uint32_t rs1, uint32_t rs2, uint32_t way)
{
	jit_put(j, rv_bltu(rs1, rs2, 8));
	jit_leave(j, way);
}

static void
forget(struct arch_jit *j)
{
	j->narrow = 0;
	j->turn = 0;
	for (uint32_t n = 0; n < ARCH_JIT_BASES; n++) {
		j->reach[n].is_valid = false;
	}
}

void
jit_written(struct arch_jit *j, uint32_t bpf, bool is_narrow)
{
	j->narrow = (j->narrow & ~(1u << bpf)) | (uint32_t)is_narrow << bpf;
	for (uint32_t n = 0; n < ARCH_JIT_BASES; n++) {
		if (j->reach[n].base == bpf) {
			j->reach[n].is_valid = false;
		}
	}
}

/* Takes what the block costs from the fuel, which stays as it was where that is too much. */
static void
pay(struct arch_jit *j, int32_t cost)
{
	if (cost <= ARCH_JIT_FUEL_MAX) {
		jit_op(j, RV(addi), JIT_FUEL, JIT_FUEL, -cost);
		jit_put(j, rv_bge(JIT_FUEL, RV_ZERO, 12));
		jit_op(j, RV(addi), JIT_FUEL, JIT_FUEL, cost);
	}
	jit_leave(j, JIT_LIMIT);
}

/* RFC 9669, 5.4: the constant of 64 bits. */
static void
constant(struct arch_jit *j, const struct exo_insn *i)
{
	uint64_t value = (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32;

	jit_set(j, jit_register(j, bpf_destination(i)), value);
	jit_written(j, bpf_destination(i), value >> 32 == 0);
}

static void
translate(struct arch_jit *j, const struct exo_insn *i)
{
	switch (bpf_class(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		jit_arithmetic(j, i);
		break;
	case BPF_LD:
		constant(j, i);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		if (i->opcode == (BPF_JMP | BPF_CALL)) {
			jit_call(j, i);
		} else {
			jit_jump(j, i);
		}
		break;
	default:
		jit_memory(j, i);
		break;
	}
}

/* The caller's registers that the program uses; ra too if it calls. */
static uint32_t
saved(const struct arch_jit *j)
{
	return (j->used & JIT_SAVED) | (j->has_calls ? 1u << RV_RA : 0);
}

/* Stores or loads them. Returns the bytes of the frame. */
static int32_t
transfer_saved(struct arch_jit *j, bool is_store)
{
	int32_t at = j->has_calls ? JIT_FRAME_BYTES : 0;

	for (uint32_t n = 0; n < 32; n++) {
		if (saved(j) >> n & 1) {
			jit_put(j, is_store ? rv_sd(n, RV_SP, at) : rv_ld(n, RV_SP, at));
			at += (int32_t)sizeof(uint64_t);
		}
	}
	return at;
}

/* Bytes of the frame: 16-byte aligned, as the C ABI wants it. */
static int32_t
frame_bytes(const struct arch_jit *j)
{
	int32_t bytes = j->has_calls ? JIT_FRAME_BYTES : 0;

	for (uint32_t left = saved(j); left; left &= left - 1) {
		bytes += (int32_t)sizeof(uint64_t);
	}
	return (bytes + 15) & -16;
}

/* r0 to r9 begin as the arguments or as 0. */
static void
begin_registers(struct arch_jit *j)
{
	for (uint32_t n = 0; n < BPF_FRAME; n++) {
		bool is_argument = n >= 1 && n <= 5;

		if (j->used >> machine[n] & 1) {
			jit_op(j, is_argument ? RV(ld) : RV(addi), machine[n],
			       is_argument ? JIT_RUN : RV_ZERO,
			       is_argument ? offset_of_argument(n) : 0);
		}
	}
}

/* r10 is the end of the stack's region, be it empty. */
static void
begin_stack(struct arch_jit *j)
{
	const int32_t region = offsetof(struct code_run, load[EXO_REGION_STACK]);
	const int32_t end = region + (int32_t)offsetof(struct code_region, end);

	if (j->used >> RV_S8 & 1) {
		jit_op(j, RV(ld), RV_S8, JIT_RUN, end);
	}
	if (j->used >> JIT_STACK & 1) {
		jit_op(j, RV(ld), JIT_STACK, JIT_RUN, region);
		jit_op(j, RV(ld), JIT_C, JIT_RUN, end);
		jit_op(j, RV(add), JIT_STACK, JIT_STACK, JIT_C);
	}
}

static void
prologue(struct arch_jit *j)
{
	if (frame_bytes(j)) {
		jit_op(j, RV(addi), RV_SP, RV_SP, -frame_bytes(j));
		transfer_saved(j, true);
	}
	jit_op(j, RV(addi), JIT_RUN, RV_A0, 0);
	jit_op(j, RV(ld), JIT_FUEL, JIT_RUN, offsetof(struct code_run, fuel));
	if (j->has_bias) {
		jit_op(j, RV(addi), JIT_POOL, JIT_POOL, POOL_BIAS);
	}
	if (j->has_calls) {
		jit_put(j, rv_sd(JIT_RUN, RV_SP, JIT_FRAME_RUN));
		jit_put(j, rv_sd(JIT_POOL, RV_SP, JIT_FRAME_POOL));
	}
	begin_registers(j);
	begin_stack(j);
}

/* The ways out: their distances are JIT_LIMIT to JIT_OUT. */
static void
epilogue(struct arch_jit *j)
{
	jit_op(j, RV(addi), JIT_A, RV_ZERO, E_LIMIT);
	jit_leave(j, JIT_OUT);
	jit_op(j, RV(addi), JIT_A, RV_ZERO, E_FAULT);
	jit_leave(j, JIT_OUT);
	jit_put(j, rv_sd(jit_register(j, 0), JIT_RUN, offsetof(struct code_run, result)));
	jit_op(j, RV(addi), JIT_A, RV_ZERO, 0);
	jit_put(j, rv_sd(JIT_FUEL, JIT_RUN, offsetof(struct code_run, fuel)));
	jit_op(j, RV(addi), RV_A0, JIT_A, 0);
	if (frame_bytes(j)) {
		transfer_saved(j, false);
		jit_op(j, RV(addi), RV_SP, RV_SP, frame_bytes(j));
	}
	jit_put(j, rv_jalr(RV_ZERO, RV_RA, 0));
}

/* Pass 0 is over: now the prologue's length is known. */
static void
end_sizing(struct arch_jit *j)
{
	j->label[j->insns] = (uint16_t)j->words;
	j->has_bias = j->pooled * sizeof(uint64_t) > REACH_BYTES;
	epilogue(j); /* first, for it uses r0 even if the program does not */
	prologue(j);
	j->is_full = j->is_full || j->words > j->code_words;
	j->at = 0;
	j->pooled = 0;
	j->words = 0;
	j->pass = 1;
}

static void
step(struct arch_jit *j)
{
	const struct exo_insn *i = &j->insn[j->at];
	uint32_t length = bpf_class(i->opcode) == BPF_LD ? 2 : 1;

	if (j->pass && !j->at) {
		prologue(j);
		j->start = j->words;
	}
	if (!j->pass) {
		j->label[j->at] = (uint16_t)j->words;
		j->label[j->at + length - 1] = (uint16_t)j->words;
	}
	if (j->cost[j->at]) {
		forget(j);
		pay(j, j->cost[j->at]);
	}
	translate(j, i);
	j->at += length;
}

int
arch_jit_step(struct arch_jit *j, uint32_t insns)
{
	for (; insns && j->pass < 2 && !j->is_full; insns--) {
		step(j);
		if (j->at < j->insns) {
			continue;
		}
		if (j->pass) {
			epilogue(j);
			j->pass = 2;
		} else {
			end_sizing(j);
		}
	}
	return j->is_full ? E_NOSPACE : j->pass == 2;
}
