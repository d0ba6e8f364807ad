/* SPDX-License-Identifier: MIT
 * jit.h: the contract's part about downloaded code: a compiler of verified programs.
 *
 * Apart from arch.h because it needs nothing else of an architecture: tests and programs call it
 * too. Pure: all state is in struct arch_jit, all memory is the caller's.
 */
#ifndef ARCH_JIT_H
#define ARCH_JIT_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/base/code.h"

#define ARCH_JIT_FUEL_MAX 2047 /* run->fuel must not be more */
#define ARCH_JIT_POOL_MAX 511  /* a larger pool is of no use */
#define ARCH_JIT_BASES    2    /* base registers whose region is remembered */

/* In the present block, bytes [low, high) from the pointer in BPF register `base` on were found to
 * lie in one region. */
struct arch_jit_reach {
	int32_t low;
	int32_t high;
	uint8_t base;
	bool is_valid;
	bool is_store; /* a region that can be written */
	bool has_end;  /* the register for the region's end is set */
};

/* A compilation on its way. */
struct arch_jit {
	/* a verified program (kern/code/program.h) */
	const struct exo_insn *insn;
	const uint16_t *cost;
	uint32_t insns;
	uint32_t stack_bytes;
	/* what is made of it */
	uint32_t code_words; /* room */
	uint32_t pool_words; /* room */
	uint32_t *code;      /* what can be executed, from its first word on, and */
	uint64_t *pool;      /* constants that it reads, which never can */
	uint16_t *label; /* insns + 1: where each instruction begins, in words from `start` on */
	/* how far it is; 0 at first */
	uint32_t pass; /* 0: sizes, 1: code, 2: done */
	uint32_t at;
	uint32_t words;
	uint32_t start; /* of the program itself, behind what comes first */
	uint32_t pooled;
	bool is_full; /* it did not fit: E_NOSPACE from then on */
	/* what the compiler knows */
	bool has_bias;   /* the pool's register points behind its beginning */
	bool has_calls;  /* of helpers */
	uint8_t turn;    /* of reach[], which goes next */
	uint32_t used;   /* machine registers */
	uint32_t narrow; /* BPF registers that are below 2^32 here */
	struct arch_jit_reach reach[ARCH_JIT_BASES];
};

/* Compiles up to `insns` instructions more, each in at most about 2000 machine instructions.
 * 1: done, `words` of the code and `pooled` of the pool are used; 0: there is more to do;
 * E_NOSPACE. Writes nothing but what *j names. */
int arch_jit_step(struct arch_jit *j, uint32_t insns);

/* Calls the code, as code_interpret() (kern/code/program.h) would run the program: *run has been
 * set up. Regions are shorter than 2 GiB, and none lies in the last 64 KiB of the address space. */
typedef int arch_jit_code(struct code_run *run, const uint64_t *pool);

#endif
