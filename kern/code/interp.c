/* SPDX-License-Identifier: MIT
 * interp.c: runs verified programs, an instruction at a time. Pure: no state.
 *
 * The engine of kernels without a compiler, and what the compiler is compared with: results, side
 * effects and fuel are the same. RFC 9669, sections 4 and 5.
 */
#include <exo/errors.h>
#include "kern/code/program.h"
#include "lib/base/bpf.h"

/* What a run consists of. */
struct machine {
	const struct code_program *program;
	struct code_run *run;
	uint64_t r[11];
	uint32_t at; /* the next instruction */
};

/* 4.1: dividing by 0 gives 0, the remainder is then the dividend; the least number divided by -1
 * is itself. */
static uint64_t
divide(uint64_t a, uint64_t b, bool is_signed)
{
	if (!b) {
		return 0;
	}
	if (is_signed) {
		return b == UINT64_MAX ? -a : (uint64_t)((int64_t)a / (int64_t)b);
	}
	return a / b;
}

static uint64_t
modulo(uint64_t a, uint64_t b, bool is_signed)
{
	if (!b) {
		return a;
	}
	if (is_signed) {
		return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
	}
	return a % b;
}

/* The low `bits` of a (8, 16 or 32), sign-extended. */
static uint64_t
extend(uint64_t a, unsigned bits)
{
	return (uint64_t)((int64_t)(a << (64 - bits)) >> (64 - bits));
}

/* 4.2. The machine is little-endian. */
static uint64_t
swap(uint64_t a, const struct exo_insn *i)
{
	bool is_swapped = i->opcode != (BPF_ALU | BPF_END | BPF_K);

	switch (i->imm) {
	case 16:
		return is_swapped ? __builtin_bswap16((uint16_t)a) : (uint16_t)a;
	case 32:
		return is_swapped ? __builtin_bswap32((uint32_t)a) : (uint32_t)a;
	default:
		return is_swapped ? __builtin_bswap64(a) : a;
	}
}

/* 4.1. Of 32 bits: a and b come zero-extended, or sign-extended where that counts, and the caller
 * cuts the result. */
static uint64_t
compute(const struct exo_insn *i, uint64_t a, uint64_t b, unsigned bits)
{
	switch (bpf_operation(i->opcode)) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return divide(a, b, i->offset);
	case BPF_MOD:
		return modulo(a, b, i->offset);
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & (bits - 1));
	case BPF_RSH:
		return a >> (b & (bits - 1));
	case BPF_ARSH:
		return (uint64_t)((int64_t)a >> (b & (bits - 1)));
	case BPF_NEG:
		return -a;
	case BPF_MOV:
		return i->offset ? extend(b, (unsigned)i->offset) : b;
	default:
		return swap(a, i);
	}
}

static uint64_t
operand(const struct machine *m, const struct exo_insn *i)
{
	return i->opcode & BPF_X ? m->r[bpf_source(i)] : (uint64_t)(int64_t)i->imm;
}

static void
step_alu(struct machine *m, const struct exo_insn *i)
{
	uint64_t *to = &m->r[bpf_destination(i)];
	uint64_t b = operand(m, i);
	unsigned operation = bpf_operation(i->opcode);

	if (bpf_class(i->opcode) == BPF_ALU64 || operation == BPF_END) {
		*to = compute(i, *to, b, 64);
	} else if (operation == BPF_ARSH || (operation != BPF_MOV && i->offset)) {
		*to = (uint32_t)compute(i, extend(*to, 32), extend(b, 32), 32);
	} else {
		*to = (uint32_t)compute(i, (uint32_t)*to, (uint32_t)b, 32);
	}
}

/* 4.3. */
static bool
holds(unsigned operation, uint64_t a, uint64_t b)
{
	switch (operation) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	case BPF_JSGT:
		return (int64_t)a > (int64_t)b;
	case BPF_JSGE:
		return (int64_t)a >= (int64_t)b;
	case BPF_JSLT:
		return (int64_t)a < (int64_t)b;
	case BPF_JSLE:
		return (int64_t)a <= (int64_t)b;
	default:
		return true; /* JA */
	}
}

/* Sign-extended, 32 bits compare alike whether as signed or as unsigned numbers. */
static void
step_jump(struct machine *m, const struct exo_insn *i)
{
	uint64_t a = m->r[bpf_destination(i)];
	uint64_t b = operand(m, i);

	if (bpf_class(i->opcode) == BPF_JMP32) {
		a = extend(a, 32);
		b = extend(b, 32);
	}
	if (holds(bpf_operation(i->opcode), a, b)) {
		m->at = (uint32_t)bpf_target(i, m->at - 1);
	}
}

/* 4.3: r1 to r5 are gone after a call; here they are then 0. */
static int
step_call(struct machine *m, const struct exo_insn *i)
{
	for (unsigned n = 0; n < 5; n++) {
		m->run->argument[n] = m->r[n + 1];
		m->r[n + 1] = 0;
	}
	return m->run->helper(m->run, (uint32_t)i->imm, &m->r[0]);
}

static uint64_t
fetch(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes) {
		value = value << 8 | from[--bytes];
	}
	return value;
}

static void
put(uint8_t *to, unsigned bytes, uint64_t value)
{
	for (; bytes; bytes--, value >>= 8) {
		*to++ = (uint8_t)value;
	}
}

static int
step_load(struct machine *m, const struct exo_insn *i)
{
	unsigned bytes = bpf_bytes(i->opcode);
	uint64_t pointer = m->r[bpf_source(i)] + (uint64_t)(int64_t)i->offset;
	const uint8_t *from = code_reach(m->run->load, pointer, bytes);
	uint64_t value;

	if (!from) {
		return E_FAULT;
	}
	value = fetch(from, bytes);
	m->r[bpf_destination(i)] = i->opcode & 0x80 ? extend(value, bytes * 8) : value;
	return 0;
}

static int
step_store(struct machine *m, const struct exo_insn *i)
{
	unsigned bytes = bpf_bytes(i->opcode);
	uint64_t pointer = m->r[bpf_destination(i)] + (uint64_t)(int64_t)i->offset;
	uint8_t *to = code_reach(m->run->store, pointer, bytes);
	bool is_register = bpf_class(i->opcode) == BPF_STX;

	if (!to) {
		return E_FAULT;
	}
	put(to, bytes, is_register ? m->r[bpf_source(i)] : (uint64_t)(int64_t)i->imm);
	return 0;
}

static void
step_constant(struct machine *m, const struct exo_insn *i)
{
	m->r[bpf_destination(i)] = (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32;
	m->at++;
}

static int
step(struct machine *m, const struct exo_insn *i)
{
	switch (bpf_class(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		step_alu(m, i);
		return 0;
	case BPF_LDX:
		return step_load(m, i);
	case BPF_ST:
	case BPF_STX:
		return step_store(m, i);
	case BPF_LD:
		step_constant(m, i);
		return 0;
	default:
		break;
	}
	if (i->opcode == (BPF_JMP | BPF_CALL)) {
		return step_call(m, i);
	}
	step_jump(m, i);
	return 0;
}

/* Pays for the block that begins here, if one does. */
static int
pay(struct machine *m)
{
	uint16_t cost = m->program->cost[m->at];

	if (cost > m->run->fuel) {
		return E_LIMIT;
	}
	m->run->fuel -= cost;
	return 0;
}

int
code_interpret(const struct code_program *p, struct code_run *run)
{
	struct machine m = {.program = p, .run = run};
	int error;

	for (unsigned n = 0; n < 5; n++) {
		m.r[n + 1] = run->argument[n];
	}
	m.r[BPF_FRAME] = ((uint64_t)EXO_REGION_STACK << EXO_REGION_SHIFT) + p->stack_bytes;
	while (!(error = pay(&m)) && p->insn[m.at].opcode != (BPF_JMP | BPF_EXIT)) {
		error = step(&m, &p->insn[m.at++]);
		if (error) {
			break;
		}
	}
	if (!error) {
		run->result = m.r[0];
	}
	return error;
}
