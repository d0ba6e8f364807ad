/* SPDX-License-Identifier: MIT
 * program.h: a downloaded program in the kernel, and a run of it. Pure.
 *
 * Memory of a program, all of it the caller's:
 *
 *	struct code_program | instructions, 8 bytes each | cost of each, 2 bytes | data
 *
 * Where it came from, whoever has code_verify_step() call it done can run it: with
 * code_interpret(), or compiled by arch_jit_step() (arch/arch.h). Both engines do the same to the
 * last unit of fuel.
 */
#ifndef KERN_CODE_PROGRAM_H
#define KERN_CODE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <exo/code.h>
#include <exo/errors.h>
#include "lib/base/bitmap.h"
#include "lib/base/code.h"

struct code_program {
	uint32_t code_class;
	uint32_t insns;
	uint32_t data_bytes;
	uint32_t stack_bytes;
	uint32_t at;      /* of verification: the next instruction */
	uint32_t pass;    /* 0: instructions, 1: costs, 2: verified */
	uint32_t sum;     /* pass 1: what the block costs from `at` on */
	uint32_t refusal; /* enum exo_code_refusal, of the instruction `at` */
	struct exo_insn *insn;
	uint16_t *cost; /* at a leader, what its block costs; else 0 */
	uint8_t *data;
	uint64_t starts[BITMAP_WORDS(EXO_CODE_INSNS_MAX)];  /* where an instruction begins */
	uint64_t leaders[BITMAP_WORDS(EXO_CODE_INSNS_MAX)]; /* where a basic block begins */
};

/* A program for whoever lets it run later: it may go by another capability than the one that it was
 * bound by, so nobody keeps a pointer. Number 0 is none. */
struct program_ref {
	uint64_t number;
	uint64_t page;
};

/* Bytes that the program takes, or 0 when a size is over its limit. */
size_t code_bytes(const struct exo_code *head);
/* Makes the code_bytes(head) bytes at `memory` (8-byte aligned) a program of which instructions and
 * data, at p->insn and p->data, have to be filled in. */
struct code_program *code_place(void *memory, const struct exo_code *head);

/* Verifies up to `insns` instructions more. 1: the program is verified; 0: there is more to do;
 * E_FORMAT: refused for p->refusal at instruction p->at, and so it stays. */
int code_verify_step(struct code_program *p, uint32_t insns);
/* All of it. 0 or E_FORMAT. */
int code_verify(struct code_program *p);
/* A verified program's named invariants. NULL or the one that does not hold. */
const char *code_check(const struct code_program *p);
/* What the instruction costs, without a helper's own charge. */
uint32_t code_insn_cost(const struct exo_insn *i);
/* The fuel that each run of the class begins with; 0: there is no such class. */
int64_t code_fuel(uint32_t code_class);

/* Begins a run of p with `stack` (8-byte aligned, p->stack_bytes, which become 0). */
void code_run_begin(struct code_run *run, const struct code_program *p, void *stack);
/* `bytes` at `memory` as a region; 0: it ends where it begins, so nothing is in it. The last region
 * cannot be given, see code_reach(). */
static inline struct code_region
code_region_at(uint32_t region, const void *memory, uint64_t bytes)
{
	uint64_t first = (uint64_t)region << EXO_REGION_SHIFT;

	return (struct code_region){(uintptr_t)memory - first, first + bytes};
}
/* Region `region` is `bytes` at `memory`; 0: it is absent. */
static inline void
code_run_region(struct code_run *run, uint32_t region, const void *memory, uint32_t bytes,
		bool is_written)
{
	struct code_region r =
		bytes ? code_region_at(region, memory, bytes) : (struct code_region){0, 0};

	run->load[region] = r;
	run->store[region] = is_written ? r : (struct code_region){0, 0};
}

/* For helpers: as code_reach, of any number of bytes. */
static inline void *
code_span(const struct code_region *table, uint64_t pointer, uint64_t bytes)
{
	const struct code_region *r = &table[pointer >> EXO_REGION_SHIFT & (EXO_REGIONS - 1)];

	return pointer < r->end && bytes <= r->end - pointer
		       ? (void *)(uintptr_t)(r->base + pointer)
		       : NULL;
}
/* For helpers: takes `fuel` away. 0, or E_LIMIT when there is not so much. */
static inline int
code_charge(struct code_run *run, uint64_t fuel)
{
	if (fuel > (uint64_t)run->fuel) {
		return E_LIMIT;
	}
	run->fuel -= (int64_t)fuel;
	return 0;
}

/* Runs a verified program. 0 and run->result; E_FAULT, an access outside of its regions; E_LIMIT,
 * the fuel did not suffice for the next block; or a helper's error. run->fuel is what is left. */
int code_interpret(const struct code_program *p, struct code_run *run);

#endif
