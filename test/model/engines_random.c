/* SPDX-License-Identifier: MIT
 * engines_random.c: programs of downloaded code, drawn so that most of them get somewhere: pointers
 * are mostly of regions, displacements mostly small, jumps mostly forward.
 */
#include <exo/errors.h>
#include "lib/base/bpf.h"
#include "test/model/engines.h"

#define INSNS_FEW      32
#define INSNS_MANY     EXO_CODE_INSNS_MAX
#define KINDS          32 /* of instructions, and */
#define KINDS_STRAIGHT 27 /* without jumps */

struct author {
	engines_draw *draw;
	void *from;
	struct exo_insn *insn;
	uint32_t insns;
	uint32_t at;
	uint32_t code_class;
	uint32_t hot[3];   /* registers that are used most */
	uint32_t kinds;    /* of instructions: few jumps or many */
	int16_t moved[11]; /* how far that pointer is from where it was */
};

static uint32_t
pick(const struct author *a, uint32_t limit)
{
	return (uint32_t)a->draw(a->from, limit);
}

static int32_t
any_word(const struct author *a)
{
	return (int32_t)(pick(a, 256) | pick(a, 256) << 8 | pick(a, 256) << 16 |
			 pick(a, 256) << 24);
}

static int32_t
any_constant(const struct author *a)
{
	static const int32_t odd[] = {0,  1,   2,   7,     8,    31,    32,        63,       -1,
				      -2, -32, 255, 65535, 2047, -2048, INT32_MIN, INT32_MAX};

	return pick(a, 4) ? odd[pick(a, sizeof(odd) / sizeof(*odd))] : any_word(a);
}

static uint8_t
registers(uint32_t destination, uint32_t source)
{
	return (uint8_t)(destination | source << 4);
}

/* r1, r3 and r5 begin as pointers, r10 is one, r6 becomes one of them, which calls do not take
 * away; what r1 points to cannot be written. */
static uint32_t
base(const struct author *a, bool is_store)
{
	static const uint8_t bases[] = {3, 6, 5, 10, 1, 1};
	uint32_t n = pick(a, 32);

	return n < 30 ? bases[n % (is_store ? 4 : 6)] : pick(a, 11);
}

/* So pointers are mostly kept, and values meet each other again. */
static uint32_t
destination(const struct author *a)
{
	return pick(a, 16) ? a->hot[pick(a, 3)] : pick(a, 10);
}

static uint32_t
source(const struct author *a)
{
	return pick(a, 4) ? a->hot[pick(a, 3)] : pick(a, 11);
}

static struct exo_insn
arithmetic(const struct author *a)
{
	static const int16_t moves[] = {0, 0, 8, 16, 32};
	uint32_t operation = pick(a, 13) << 4;
	uint32_t is_long = pick(a, 2);
	uint32_t is_register = operation == BPF_NEG ? 0 : pick(a, 2);
	struct exo_insn i = {
		.opcode = (uint8_t)(operation | (is_long ? BPF_ALU64 : BPF_ALU) |
				    (is_register ? BPF_X : BPF_K)),
		.registers = registers(destination(a), is_register ? source(a) : 0),
	};

	if (!is_register && operation != BPF_NEG) {
		i.imm = any_constant(a);
	}
	if (operation == BPF_DIV || operation == BPF_MOD) {
		i.offset = (int16_t)pick(a, 2);
	} else if (operation == BPF_MOV && is_register) {
		i.offset = moves[pick(a, is_long ? 5 : 4)];
	}
	return i;
}

static struct exo_insn
byte_swap(const struct author *a)
{
	static const uint8_t opcodes[] = {BPF_ALU | BPF_END | BPF_K, BPF_ALU | BPF_END | BPF_X,
					  BPF_ALU64 | BPF_END | BPF_K};

	return (struct exo_insn){opcodes[pick(a, 3)], registers(destination(a), 0), 0,
				 16 << pick(a, 3)};
}

static int16_t
displacement(const struct author *a, bool is_stack)
{
	static const int16_t odd[] = {0,    -1,   31,   32,    63,    100,       255,
				      2040, 2047, 2048, -2048, -2049, INT16_MIN, INT16_MAX};
	int16_t small = (int16_t)(pick(a, 16) * (pick(a, 4) ? 4 : 1));

	if (pick(a, 8) == 7) {
		return odd[pick(a, sizeof(odd) / sizeof(*odd))];
	}
	return is_stack ? (int16_t)(-8 - small) : small;
}

static struct exo_insn
memory(const struct author *a)
{
	uint32_t kind = pick(a, 8);
	uint32_t size = pick(a, 4) << 3;
	uint32_t r = base(a, kind > 4);
	int16_t offset = (int16_t)(displacement(a, r == BPF_FRAME) - a->moved[r]);
	uint32_t value = source(a);

	if (kind < 4) {
		return (struct exo_insn){(uint8_t)(BPF_LDX | BPF_MEM | size),
					 registers(destination(a), r), offset, 0};
	}
	if (kind == 4 && size != BPF_DW) {
		return (struct exo_insn){(uint8_t)(BPF_LDX | BPF_MEMSX | size),
					 registers(destination(a), r), offset, 0};
	}
	if (kind == 5) {
		return (struct exo_insn){(uint8_t)(BPF_ST | BPF_MEM | size), registers(r, 0),
					 offset, any_constant(a)};
	}
	return (struct exo_insn){(uint8_t)(BPF_STX | BPF_MEM | size), registers(r, value), offset,
				 0};
}

/* A pointer moves, and later displacements make up for it. */
static struct exo_insn
move(struct author *a)
{
	static const int16_t far[] = {2048, -2047, 8, 100, -60, 4000};
	uint32_t r = base(a, false) % BPF_FRAME;
	int16_t by = far[pick(a, sizeof(far) / sizeof(*far))];

	a->moved[r] = (int16_t)(a->moved[r] + by);
	return (struct exo_insn){BPF_ALU64 | BPF_ADD | BPF_K, registers(r, 0), 0, by};
}

/* Wherever it goes; a target within a constant makes the program one that is refused. */
static int32_t
distance(const struct author *a)
{
	int32_t ahead = (int32_t)(a->insns - a->at - 1);
	int32_t behind = (int32_t)a->at + 1;

	if (!ahead || pick(a, 4) == 0) {
		return -(int32_t)pick(a, (uint32_t)behind) - 1;
	}
	return (int32_t)pick(a, ahead < 8 || !pick(a, 4) ? (uint32_t)ahead : 8);
}

static struct exo_insn
jump(const struct author *a)
{
	uint32_t operation = pick(a, 14) << 4;
	uint32_t is_register = pick(a, 2);
	struct exo_insn i = {
		.opcode = (uint8_t)(operation | (pick(a, 2) ? BPF_JMP : BPF_JMP32)),
		.offset = (int16_t)distance(a),
	};

	if (operation == BPF_CALL || operation == BPF_EXIT || operation == BPF_JA) {
		return (struct exo_insn){BPF_JMP | BPF_JA, 0, i.offset, 0};
	}
	i.opcode |= is_register ? BPF_X : BPF_K;
	i.registers = registers(source(a), is_register ? source(a) : 0);
	i.imm = is_register ? 0 : any_constant(a);
	return i;
}

static struct exo_insn
call(const struct author *a)
{
	static const uint8_t of_handler[] = {EXO_HELPER_wake, EXO_HELPER_reply, EXO_HELPER_place,
					     EXO_HELPER_checksum};

	return a->code_class == EXO_CODE_handler
		       ? (struct exo_insn){BPF_JMP | BPF_CALL, 0, 0, of_handler[pick(a, 4)]}
		       : arithmetic(a);
}

/* A pointer of a region that no argument is of, or any number: two instructions. */
static void
constant(struct author *a)
{
	uint32_t region = pick(a, 12);

	if (a->at + 2 >= a->insns) {
		a->insn[a->at] = arithmetic(a);
		return;
	}
	a->insn[a->at] = (struct exo_insn){BPF_LD | BPF_IMM | BPF_DW, registers(destination(a), 0),
					   0, region < 8 ? (int32_t)pick(a, 64) : any_constant(a)};
	a->insn[a->at + 1] =
		(struct exo_insn){0, 0, 0, region < 8 ? (int32_t)region : any_constant(a)};
	a->at++;
}

static void
write_one(struct author *a)
{
	uint32_t kind = pick(a, a->kinds);

	if (kind < 10) {
		a->insn[a->at] = arithmetic(a);
	} else if (kind < 11) {
		a->insn[a->at] = byte_swap(a);
	} else if (kind < 12) {
		a->insn[a->at] = move(a);
	} else if (kind < 24) {
		a->insn[a->at] = memory(a);
	} else if (kind < 26) {
		constant(a);
	} else if (kind < 27) {
		a->insn[a->at] = call(a);
	} else if (kind < 31) {
		a->insn[a->at] = jump(a);
	} else {
		a->insn[a->at] = (struct exo_insn){BPF_JMP | BPF_EXIT, 0, 0, 0};
	}
}

static void
write_program(struct author *a)
{
	static const uint8_t hot[] = {0, 2, 4, 7, 8, 9};
	static const struct exo_insn ends[] = {{BPF_JMP | BPF_EXIT, 0, 0, 0},
					       {BPF_JMP | BPF_JA, 0, -1, 0}};

	for (int n = 0; n < 3; n++) {
		a->hot[n] = hot[pick(a, sizeof(hot))];
	}
	a->kinds = pick(a, 2) ? KINDS : KINDS_STRAIGHT;
	a->insn[0] = (struct exo_insn){BPF_ALU64 | BPF_MOV | BPF_X,
				       registers(6, pick(a, 4) ? 3 : 1), 0, 0};
	for (a->at = 1; a->at + 1 < a->insns; a->at++) {
		write_one(a);
	}
	a->insn[a->insns - 1] = ends[pick(a, 16) == 15];
}

const char *
engines_random(struct engines *e, engines_draw *draw, void *from)
{
	struct exo_insn insn[INSNS_MANY];
	struct author a = {.draw = draw, .from = from, .insn = insn};
	const char *failure;
	int result;

	a.code_class = 1 + pick(&a, 4);
	a.insns = 2 + pick(&a, pick(&a, 32) ? INSNS_FEW : INSNS_MANY - 2);
	write_program(&a);
	result = engines_load(e, a.code_class, insn, a.insns, 8 * pick(&a, 9), 8 * pick(&a, 65));
	if (result == E_FORMAT) {
		return e->program->refusal == EXO_REFUSED_target ? NULL : "it should be accepted";
	}
	if (result) {
		return result == E_STATE ? "the passes disagree" : "it does not fit";
	}
	failure = engines_look(e);
	return failure ? failure : engines_run(e, draw, from);
}
