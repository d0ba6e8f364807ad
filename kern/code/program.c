/* SPDX-License-Identifier: MIT
 * program.c: where the parts of a program lie, and what a run begins with. Pure: no state.
 *
 * Invariants: see code_check(). Callers: whoever loads programs or runs them.
 * Design: docs/design/downloaded-code.md
 */
#include "kern/code/program.h"
#include <exo/errors.h>
#include "lib/base/bpf.h"
#include "lib/base/string.h"

#define COST_BYTES 8 /* of one instruction, for the size: 2, and each part begins at 8 bytes */

static bool
is_size(uint32_t bytes, uint32_t most)
{
	return bytes <= most && bytes % 8 == 0;
}

/* The costs of an odd number of instructions end at a multiple of 8. */
static size_t
cost_bytes(uint32_t insns)
{
	return (insns * sizeof(uint16_t) + COST_BYTES - 1) & ~(size_t)(COST_BYTES - 1);
}

size_t
code_bytes(const struct exo_code *head)
{
	if (!head->insns || head->insns > EXO_CODE_INSNS_MAX ||
	    !is_size(head->data_bytes, EXO_CODE_DATA_MAX) ||
	    !is_size(head->stack_bytes, EXO_CODE_STACK_MAX)) {
		return 0;
	}
	return sizeof(struct code_program) + head->insns * sizeof(struct exo_insn) +
	       cost_bytes(head->insns) + head->data_bytes;
}

struct code_program *
code_place(void *memory, const struct exo_code *head)
{
	struct code_program *p = memory;

	memset(p, 0, code_bytes(head));
	p->code_class = head->code_class;
	p->insns = head->insns;
	p->data_bytes = head->data_bytes;
	p->stack_bytes = head->stack_bytes;
	p->insn = (struct exo_insn *)(p + 1);
	p->cost = (uint16_t *)(p->insn + p->insns);
	p->data = (uint8_t *)p->cost + cost_bytes(p->insns);
	bitmap_set(p->leaders, 0);
	return p;
}

const char *
code_check(const struct code_program *p)
{
	if (p->pass != 2 || p->refusal || !bitmap_get(p->starts, 0)) {
		return "a verified program is whole, and begins with an instruction";
	}
	for (uint32_t at = 0; at < p->insns; at++) {
		bool starts = bitmap_get(p->starts, at);

		if (bitmap_get(p->leaders, at) != (p->cost[at] != 0)) {
			return "who begins a block has its cost, and nobody else has one";
		}
		if (bitmap_get(p->leaders, at) && !starts) {
			return "a block begins where an instruction does";
		}
		if (starts && bpf_class(p->insn[at].opcode) == BPF_LD && at + 1 == p->insns) {
			return "the second half of a constant is within the program";
		}
	}
	return NULL;
}

void
code_run_begin(struct code_run *run, const struct code_program *p, void *stack)
{
	memset(run, 0, sizeof(*run));
	memset(stack, 0, p->stack_bytes);
	run->load[EXO_REGION_STACK] = code_region_at(EXO_REGION_STACK, stack, p->stack_bytes);
	run->store[EXO_REGION_STACK] = run->load[EXO_REGION_STACK];
	code_run_region(run, EXO_REGION_DATA, p->data, p->data_bytes, false);
	run->fuel = code_fuel(p->code_class);
}
