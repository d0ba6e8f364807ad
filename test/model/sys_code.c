/* SPDX-License-Identifier: MIT
 * sys_code.c: downloaded code in a world of system calls, see sys_code.h. No state.
 */
#include "test/model/sys_code.h"

#include <exo/code.h>

#include "arch/arch.h"
#include "kern/arena.h"
#include "lib/base/bpf.h"
#include "lib/base/checked.h"

#define INSNS_MAX  12
#define DATA_WORDS 2
#define SELDOM     3 /* of the instructions in instruction() */

struct image {
	struct exo_code head;
	uint64_t words[INSNS_MAX + DATA_WORDS]; /* instructions, then data */
};

static uint64_t
word_of(struct exo_insn i)
{
	return i.opcode | (uint64_t)i.registers << 8 | (uint64_t)(uint16_t)i.offset << 16 |
	       (uint64_t)(uint32_t)i.imm << 32;
}

/* Of what is at the first argument, mostly within it; seldom a jump or a call, which may be
 * refused.
 */
static uint64_t
instruction(const struct op *o)
{
	static const struct exo_insn some[] = {
		{BPF_LDX | BPF_MEM | BPF_DW, 0x10, 0, 0},
		{BPF_LDX | BPF_MEM | BPF_B, 0x12, 0, 0},
		{BPF_STX | BPF_MEM | BPF_DW, 0x21, 0, 0},
		{BPF_STX | BPF_MEM | BPF_DW, 0x2a, -8, 0},
		{BPF_ALU64 | BPF_MOV | BPF_K, 0x00, 0, 0},
		{BPF_ALU64 | BPF_ADD | BPF_X, 0x21, 0, 0},
		/* seldom */
		{BPF_JMP | BPF_JEQ | BPF_K, 0x00, 1, 0},
		{BPF_JMP | BPF_JA, 0x00, -2, 0},
		{BPF_JMP | BPF_CALL, 0x00, 0, 0},
	};
	struct exo_insn i = some[op_draw(o, ARRAY_SIZE(some) - (op_one_in(o, 8) ? 0 : SELDOM))];

	if (i.opcode == (BPF_JMP | BPF_CALL)) {
		i.imm = (int32_t)op_draw(o, EXO_CODE_HELPERS);
	} else if ((i.opcode & 7) == BPF_LDX || i.registers == 0x21) {
		i.offset = i.opcode & BPF_MEM ? (int16_t)(op_draw(o, 16) * 8) : 0;
	} else if (i.opcode == (BPF_ALU64 | BPF_MOV | BPF_K)) {
		i.imm = (int32_t)op_draw(o, 3);
	}
	return op_one_in(o, 64) ? arg_wild(o) : word_of(i);
}

uint64_t
arg_program(struct op *o)
{
	uint32_t insns = 2 + (uint32_t)op_draw(o, INSNS_MAX - 1);
	struct image m = {.head = {EXO_CODE_MAGIC,
				   op_one_in(o, 2) ? EXO_CODE_predicate : (uint32_t)op_draw(o, 6),
				   insns, (uint32_t)op_draw(o, DATA_WORDS + 1) * 8,
				   (uint32_t)op_draw(o, 3) * 8, 0}};

	for (uint32_t i = 0; i + 1 < insns; i++) {
		m.words[i] = instruction(o);
	}
	m.words[insns - 1] = word_of((struct exo_insn){.opcode = BPF_JMP | BPF_EXIT});
	if (op_one_in(o, 32)) {
		((uint32_t *)&m.head)[op_draw(o, 6)] = (uint32_t)arg_wild(o);
	}
	return arg_memory(o, &m, sizeof(m));
}

uint64_t
arg_run(struct op *o)
{
	struct exo_code_run q = {0};

	for (uint32_t i = EXO_REGION_INPUT; i < EXO_REGIONS - 1; i++) {
		if (op_one_in(o, 2)) {
			uint64_t place = arg_watched(o);

			q.region[i] = (struct exo_code_memory){arg_handle(o, EXO_CAP_FRAME),
							       place >> 32, (uint32_t)place};
		}
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(q.argument); i++) {
		q.argument[i] =
			op_one_in(o, 8) ? arg_wild(o) : op_draw(o, EXO_REGIONS) << EXO_REGION_SHIFT;
	}
	return arg_memory(o, &q, sizeof(q));
}

uint64_t
arg_watched(const struct op *o)
{
	uint64_t offset = op_one_in(o, 4) ? op_draw(o, 3) * PAGE_SIZE - op_draw(o, 2) * 8
					  : op_draw(o, 64) * 8;

	return op_one_in(o, 32) ? arg_wild(o) : offset << 32 | (op_draw(o, 17) * 8);
}

static bool
is_within(const struct captree *t, const struct env *e)
{
	const struct cap *c = bind_cap(t, bind_object_id(t, &e->predicate.memory_use));
	uint64_t at = (uint64_t)(e->predicate.memory - t->base) + (t->base_page << PAGE_SHIFT);
	uint64_t first = at >> PAGE_SHIFT;
	uint64_t end = (at + e->predicate.bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;

	if (cap_type(c) == EXO_CAP_RING) {
		return first == c->start + 1 && end == first + 1;
	}
	for (uint64_t page = first; page < end; page++) {
		const struct frame *f = frame_at(t, page);

		if (f->kind != FRAME_USER || f->holder != c->carve) {
			return false;
		}
	}
	return cap_type(c) == EXO_CAP_FRAME && cap_holds(c, first, end - first) &&
	       cap_rights(c) & EXO_READ;
}

void
code_check_env(const struct captree *t, const struct env *e)
{
	const struct program *p = e->predicate.is_bound ? program_get(e->predicate.program) : NULL;

	if (p && p->code->code_class != EXO_CODE_predicate) {
		world_fail("a predicate is of class %u", p->code->code_class);
	}
	if (p && e->predicate.bytes && !is_within(t, e)) {
		world_fail("a predicate reads memory that is not its environment's");
	}
}
