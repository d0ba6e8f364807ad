/* SPDX-License-Identifier: MIT
 * code.h: a run of a downloaded program, as the engines and the helpers see it: the interpreter
 * (kern/code/interp.c), and what a compiler of arch/ makes, which knows these offsets. Pure.
 */
#ifndef LIB_BASE_CODE_H
#define LIB_BASE_CODE_H

#include <stddef.h>
#include <stdint.h>
#include <exo/code.h>

/* A region as the engines look at it. Region n has the pointers [n << 32, end); base + pointer is
 * where that byte lies. An absent one has end 0. */
struct code_region {
	uint64_t base;
	uint64_t end;
};

/* One run. The offsets are known to the compiler (arch/riscv/jit.c). */
struct code_run {
	struct code_region load[EXO_REGIONS];
	struct code_region store[EXO_REGIONS];
	uint64_t argument[5]; /* r1 to r5, of the program and of the helper that it calls */
	int64_t fuel;
	uint64_t result; /* r0 */
	/* Does what helper `nr` does with run->argument and sets *result. 0, or the error with
	 * which the run ends. It may take run->fuel away, never below 0. */
	int (*helper)(struct code_run *run, uint32_t nr, uint64_t *result);
	void *context; /* of the helper */
};

/* Where `bytes` (1..8) from the pointer on lie, or NULL if they are not within a region of
 * `table`. The sum can only wrap for pointers into the last region, which never exists. */
static inline void *
code_reach(const struct code_region *table, uint64_t pointer, uint32_t bytes)
{
	const struct code_region *r = &table[pointer >> EXO_REGION_SHIFT & (EXO_REGIONS - 1)];

	return pointer + bytes - 1 < r->end ? (void *)(uintptr_t)(r->base + pointer) : NULL;
}

#endif
