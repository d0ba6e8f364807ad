/* SPDX-License-Identifier: MIT
 * vec.h: reader of test/vectors: programs for downloaded code and what they must do. The format is
 * in test/vectors/README.md.
 *
 * No heap and no files: the text is wherever the caller has it, a file that was read or an array
 * in a program, and one vec_case, of some 20 KiB, is filled in again and again.
 */
#ifndef TEST_MODEL_VEC_H
#define TEST_MODEL_VEC_H

#include "test/model/vec_asm.h"

#define VEC_MEMORY_MAX EXO_CODE_DATA_MAX
#define VEC_CALLS_MAX  8

enum vec_end {
	VEC_RESULT,  /* r0 is case.result */
	VEC_FAULTS,  /* E_FAULT */
	VEC_STARVES, /* E_LIMIT: the fuel did not suffice */
	VEC_FAILS,   /* with the error of the last helper */
	VEC_REFUSED, /* case.refusal at case.refused_at */
};

/* A call of a helper that must come next, and what the helper then does. */
struct vec_call {
	uint32_t nr;
	uint64_t argument[5];
	uint64_t gives;
	uint64_t costs; /* fuel that it takes; too much ends the run */
	bool fails;
};

/* One run of one program, and what must come of it. */
struct vec_case {
	char name[80];
	uint32_t line; /* of the run */
	uint32_t code_class;
	uint32_t stack_bytes;
	const struct exo_insn *insn;
	uint32_t insns;
	/* Region n is bytes[n] of memory[n]; afterwards it must be `after`. The stack begins as 0,
	 * and is only looked at where wants_stack. */
	uint32_t bytes[EXO_REGIONS];
	uint8_t memory[EXO_REGIONS][VEC_MEMORY_MAX];
	uint8_t after[EXO_REGIONS][VEC_MEMORY_MAX];
	bool wants_stack;
	uint64_t argument[5];
	enum vec_end end;
	uint64_t result;
	uint32_t refusal;
	uint32_t refused_at;
	bool wants_used;
	uint32_t used; /* fuel */
	struct vec_call call[VEC_CALLS_MAX];
	uint32_t calls;
};

struct vec {
	const char *at;
	const char *end;
	uint32_t line;
	const char *wrong; /* why vec_next() returned -1 */
	struct vec_words words;
	struct vec_asm program;
};

void vec_open(struct vec *v, const char *text, size_t bytes);
/* The next run. 1; 0 at the end; -1: line v->line is no line of a vector file, v->wrong says why.
 * `c` is kept from call to call: what stands before a run holds for those after it as well. */
int vec_next(struct vec *v, struct vec_case *c);

#endif
