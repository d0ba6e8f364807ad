/* SPDX-License-Identifier: MIT
 * verify.c: may this program run in the kernel? Pure; every step is bounded.
 *
 * Why so little suffices. A program could do harm by reading or writing where it must not, by
 * running on for ever, by going somewhere that is no instruction, or by calling what it must not.
 * - Memory: it sees no address. Each load and store is checked when it runs against the region
 *   that the pointer names (code_reach); whatever number it makes up is within a region of this
 *   very program or ends the run. So no value has to be followed here, and registers that were
 *   never set are harmless: they are 0.
 * - Time: each block is paid for on entry from fuel that is never filled up again. The cost of a
 *   block is at least 1, so there is no endless loop, forward jumps or backward. Calls are so dear
 *   that a block may cost more than is noted for it; that is more than any run has.
 * - Place: control comes only to instruction 0, to the next one, or to a jump's target. Here each
 *   target is found to be the start of an instruction, and the last instruction to be one that
 *   control does not run past.
 * - Calls: only helpers of the class, which check their arguments themselves.
 * What is left are fields that an instruction does not use. They must be 0 (RFC 9669, section 3),
 * so that a later meaning cannot come into a program that was loaded without it.
 *
 * Pass 0 goes over the instructions once and notes where they start and which begin a block; pass 1
 * goes back and adds up what each block costs. Nothing is done twice when a step ends between two.
 * Invariants: see code_check().
 */
#include "kern/code/program.h"
#include <exo/errors.h>
#include "lib/base/bpf.h"

#define COST_BLOCK  2 /* paying for it */
#define COST_LONG   3 /* of 64 bits, and each jump and each constant */
#define COST_WORD   4 /* of 32 bits, and a jump that compares */
#define COST_JMP32  5
#define COST_SWAP16 5
#define COST_SWAP32 10
#define COST_SWAP64 15
#define COST_DIVIDE 7
#define COST_MEMORY 12         /* the region has to be found */
#define COST_CALL   24         /* besides what the helper does */
#define COST_MOST   UINT16_MAX /* of a block: nobody has so much, so it never runs */

static const struct {
	uint16_t classes;
	uint16_t fuel;
} helpers[EXO_CODE_HELPERS] = {
#define CODE_HELPER(nr, name, fuel, classes) [nr] = {classes, fuel},
#include <exo/code.def>
};

static const int16_t class_fuel[EXO_CODE_CLASSES] = {
#define CODE_CLASS(nr, name, fuel) [nr] = fuel,
#include <exo/code.def>
};

int64_t
code_fuel(uint32_t code_class)
{
	return code_class < EXO_CODE_CLASSES ? class_fuel[code_class] : 0;
}

static bool
is_arithmetic(const struct exo_insn *i)
{
	return bpf_class(i->opcode) == BPF_ALU || bpf_class(i->opcode) == BPF_ALU64;
}

/* RFC 9669, 4.2. */
static uint32_t
check_swap(const struct exo_insn *i)
{
	bool has_bytes = i->imm == 16 || i->imm == 32 || i->imm == 64;

	if (i->opcode == (BPF_ALU64 | BPF_END | BPF_X)) {
		return EXO_REFUSED_opcode;
	}
	return !has_bytes || i->offset || bpf_source(i) ? EXO_REFUSED_field : 0;
}

/* The offset changes what a division, remainder or move of a register does; 4.1. */
static bool
offset_known(const struct exo_insn *i)
{
	unsigned operation = bpf_operation(i->opcode);

	if (operation == BPF_DIV || operation == BPF_MOD) {
		return i->offset == 0 || i->offset == BPF_SIGNED;
	}
	if (operation == BPF_MOV && i->opcode & BPF_X) {
		return i->offset == 0 || i->offset == 8 || i->offset == 16 ||
		       (i->offset == 32 && bpf_class(i->opcode) == BPF_ALU64);
	}
	return i->offset == 0;
}

static uint32_t
check_alu(const struct exo_insn *i)
{
	unsigned operation = bpf_operation(i->opcode);
	bool is_x = i->opcode & BPF_X;

	if (operation > BPF_END || (operation == BPF_NEG && is_x)) {
		return EXO_REFUSED_opcode;
	}
	if (bpf_destination(i) >= BPF_FRAME || bpf_source(i) > BPF_FRAME) {
		return EXO_REFUSED_register;
	}
	if (operation == BPF_END) {
		return check_swap(i);
	}
	if ((is_x || operation == BPF_NEG ? i->imm : 0) || (!is_x && bpf_source(i))) {
		return EXO_REFUSED_field;
	}
	return offset_known(i) ? 0 : EXO_REFUSED_field;
}

static uint32_t
check_call(const struct code_program *p, const struct exo_insn *i)
{
	if (i->registers || i->offset) {
		return bpf_source(i) ? EXO_REFUSED_opcode : EXO_REFUSED_field;
	}
	return i->imm > 0 && i->imm < EXO_CODE_HELPERS &&
			       helpers[i->imm].classes >> p->code_class & 1
		       ? 0
		       : EXO_REFUSED_helper;
}

/* Notes the block that begins at `at`; past the end there is none. */
static void
add_leader(struct code_program *p, int64_t at)
{
	if (at < (int64_t)p->insns) {
		bitmap_set(p->leaders, (size_t)at);
	}
}

static uint32_t
check_jump(struct code_program *p, const struct exo_insn *i)
{
	unsigned operation = bpf_operation(i->opcode);
	int64_t target = bpf_target(i, p->at);

	if (i->opcode == (BPF_JMP | BPF_CALL)) {
		return check_call(p, i);
	}
	add_leader(p, p->at + 1);
	if (i->opcode == (BPF_JMP | BPF_EXIT)) {
		return i->registers || i->offset || i->imm ? EXO_REFUSED_field : 0;
	}
	if (operation > BPF_JSLE || operation == BPF_CALL || operation == BPF_EXIT ||
	    (operation == BPF_JA && i->opcode & BPF_X)) {
		return EXO_REFUSED_opcode;
	}
	if (operation == BPF_JA) {
		if (i->registers || (i->opcode == (BPF_JMP | BPF_JA) ? i->imm : i->offset)) {
			return EXO_REFUSED_field;
		}
	} else if (bpf_destination(i) > BPF_FRAME || bpf_source(i) > BPF_FRAME) {
		return EXO_REFUSED_register;
	} else if (i->opcode & BPF_X ? i->imm != 0 : bpf_source(i) != 0) {
		return EXO_REFUSED_field;
	}
	if (target < 0 || target >= (int64_t)p->insns) {
		return EXO_REFUSED_target;
	}
	add_leader(p, target);
	return 0;
}

/* RFC 9669, section 5. The constant of 64 bits is the only instruction of the class LD. */
static uint32_t
check_memory(const struct code_program *p, const struct exo_insn *i)
{
	unsigned mode = i->opcode & 0xe0;
	unsigned code = bpf_class(i->opcode);
	bool is_known = mode == BPF_MEM ||
			(mode == BPF_MEMSX && code == BPF_LDX && (i->opcode & BPF_DW) != BPF_DW);

	if (code == BPF_LD) {
		if (i->opcode != (BPF_LD | BPF_IMM | BPF_DW) || bpf_source(i)) {
			return EXO_REFUSED_opcode;
		}
		if (bpf_destination(i) >= BPF_FRAME) {
			return EXO_REFUSED_register;
		}
		return p->at + 1 == p->insns ? EXO_REFUSED_end
		       : i->offset || i[1].opcode || i[1].registers || i[1].offset
			       ? EXO_REFUSED_field
			       : 0;
	}
	if (!is_known) {
		return EXO_REFUSED_opcode;
	}
	if (bpf_destination(i) > (code == BPF_LDX ? BPF_FRAME - 1 : BPF_FRAME) ||
	    bpf_source(i) > BPF_FRAME) {
		return EXO_REFUSED_register;
	}
	return (code == BPF_ST ? bpf_source(i) != 0 : i->imm != 0) ? EXO_REFUSED_field : 0;
}

static bool
ends_run(const struct exo_insn *i)
{
	return i->opcode == (BPF_JMP | BPF_EXIT) || i->opcode == (BPF_JMP | BPF_JA) ||
	       i->opcode == (BPF_JMP32 | BPF_JA);
}

static uint32_t
check_insn(struct code_program *p, const struct exo_insn *i)
{
	unsigned code = bpf_class(i->opcode);
	uint32_t next = p->at + (code == BPF_LD ? 2 : 1);
	uint32_t refusal = code < BPF_ALU     ? check_memory(p, i)
			   : is_arithmetic(i) ? check_alu(i)
					      : check_jump(p, i);

	return refusal ? refusal : next == p->insns && !ends_run(i) ? EXO_REFUSED_end : 0;
}

static uint32_t
jump_cost(const struct exo_insn *i)
{
	switch (bpf_operation(i->opcode)) {
	case BPF_CALL:
		return COST_CALL + helpers[i->imm].fuel;
	case BPF_JA:
	case BPF_EXIT:
		return COST_LONG;
	default:
		return bpf_class(i->opcode) == BPF_JMP ? COST_WORD : COST_JMP32;
	}
}

uint32_t
code_insn_cost(const struct exo_insn *i)
{
	unsigned code = bpf_class(i->opcode);

	if (code < BPF_ALU) {
		return code == BPF_LD ? COST_LONG : COST_MEMORY;
	}
	if (code == BPF_JMP || code == BPF_JMP32) {
		return jump_cost(i);
	}
	switch (bpf_operation(i->opcode)) {
	case BPF_END:
		return i->imm == 64 ? COST_SWAP64 : i->imm == 32 ? COST_SWAP32 : COST_SWAP16;
	case BPF_DIV:
	case BPF_MOD:
		return COST_DIVIDE;
	default:
		return code == BPF_ALU64 ? COST_LONG : COST_WORD;
	}
}

static int
refuse(struct code_program *p, uint32_t refusal)
{
	p->refusal = refusal;
	return E_FORMAT;
}

/* Did all jumps go to where an instruction begins? */
static bool
targets_start(struct code_program *p)
{
	for (uint32_t word = 0; word < BITMAP_WORDS(EXO_CODE_INSNS_MAX); word++) {
		uint64_t astray = p->leaders[word] & ~p->starts[word];

		if (astray) {
			p->at = word * 64 + word_lowest_bit(astray);
			return false;
		}
	}
	return true;
}

static int
step_forward(struct code_program *p)
{
	const struct exo_insn *i = &p->insn[p->at];
	uint32_t refusal = check_insn(p, i);

	if (refusal) {
		return refuse(p, refusal);
	}
	bitmap_set(p->starts, p->at);
	p->at += bpf_class(i->opcode) == BPF_LD ? 2 : 1;
	if (p->at >= p->insns) {
		p->at = p->insns;
		return targets_start(p) ? 1 : refuse(p, EXO_REFUSED_target);
	}
	return 0;
}

static int
step_back(struct code_program *p)
{
	p->at--;
	if (bitmap_get(p->starts, p->at)) {
		p->sum += code_insn_cost(&p->insn[p->at]);
	}
	p->cost[p->at] = 0;
	if (bitmap_get(p->leaders, p->at)) {
		uint32_t cost = p->sum + COST_BLOCK;

		p->cost[p->at] = (uint16_t)(cost < COST_MOST ? cost : COST_MOST);
		p->sum = 0;
	}
	return p->at == 0;
}

int
code_verify_step(struct code_program *p, uint32_t insns)
{
	for (; insns && p->pass < 2 && !p->refusal; insns--) {
		int result = p->pass ? step_back(p) : step_forward(p);

		if (result > 0) {
			p->pass++;
		}
	}
	return p->refusal ? E_FORMAT : p->pass == 2;
}

int
code_verify(struct code_program *p)
{
	int result;

	do {
		result = code_verify_step(p, EXO_CODE_INSNS_MAX);
	} while (!result);
	return result < 0 ? result : 0;
}
