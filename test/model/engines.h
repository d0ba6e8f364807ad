/* SPDX-License-Identifier: MIT
 * engines.h: one program of downloaded code, run by both engines, which must agree.
 *
 * The interpreter runs on one copy of the memory, what the compiler made on another one, under
 * test/fake/rv64. Compared are the result or the error, the fuel left, every byte of every region,
 * the arguments in *run, and what the helper was asked for and when.
 */
#ifndef TEST_MODEL_ENGINES_H
#define TEST_MODEL_ENGINES_H

#include "arch/jit.h"
#include "kern/code/program.h"
#include "test/fake/rv64.h"

#define ENGINES_CODE_WORDS 16384
#define ENGINES_REGION_MAX 256 /* bytes of a region but the stack and the data */

/* A number below the limit. */
typedef uint64_t engines_draw(void *from, uint64_t limit);

struct engines_outcome {
	int error;
	int64_t fuel;
	uint64_t result;
	uint64_t calls; /* of helpers, all that they saw mixed together */
	uint64_t argument[5];
};

struct engines {
	/* the program, and what it was made into */
	struct code_program *program;
	struct arch_jit jit;
	uint32_t code[ENGINES_CODE_WORDS];
	uint64_t pool[ARCH_JIT_POOL_MAX];
	uint16_t label[EXO_CODE_INSNS_MAX + 1];
	/* the last run */
	int64_t fuel; /* that it began with */
	struct engines_outcome interpreted;
	struct engines_outcome compiled;
	uint64_t executed; /* by what was compiled */
};

/* Compiles a verified program. 0, E_NOSPACE, or E_STATE: the compiler's passes disagree. */
int engines_compile(struct engines *e, const struct code_program *p);
/* Runs what was compiled, in the regions of *run and nowhere else: *error is what it returns. NULL,
 * or what it did that it must not. */
const char *engines_call(struct engines *e, struct code_run *run, int *error);
/* Takes the program: 0 and it is compiled, E_FORMAT, or E_STATE: the compiler's passes disagree.
 * The data is filled with its offsets. */
int engines_load(struct engines *e, uint32_t code_class, const struct exo_insn *insn,
		 uint32_t insns, uint32_t data_bytes, uint32_t stack_bytes);
/* Runs it on regions that are drawn: their contents, sizes and alignment; sometimes with less fuel.
 * NULL, or how the engines differ. */
const char *engines_run(struct engines *e, engines_draw *draw, void *from);
/* Draws a program, most of them sensible, loads it and runs it. */
const char *engines_random(struct engines *e, engines_draw *draw, void *from);
/* Looks at each word for what the head comment of arch/riscv/jit.c says of it. NULL or what is
 * wrong. */
const char *engines_look(const struct engines *e);
/* Prints the program and the outcomes. */
void engines_print(const struct engines *e);

#endif
