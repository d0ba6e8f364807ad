/* SPDX-License-Identifier: MIT
 * vec_run.h: a case of test/vectors on an engine of the host, in memory that is poisoned around
 * every region; and all cases there are.
 */
#ifndef TEST_MODEL_VEC_RUN_H
#define TEST_MODEL_VEC_RUN_H

#include "kern/code/program.h"
#include "test/model/vec.h"

/* As code_interpret(): runs a verified program. */
typedef int vec_engine(const struct code_program *p, struct code_run *run);

/* Exactly `bytes` (at most VEC_MEMORY_MAX) of memory for the region; what is 64 KiB before and
 * behind it cannot be touched, nor what the region had until now. */
void *vec_memory(uint32_t region, uint32_t bytes);
/* The program of a case, not verified, on the heap; NULL when a size is over its limit. */
struct code_program *vec_program(const struct vec_case *c);
/* Verifies and runs. NULL, or what is otherwise than the case wants. Sentences with numbers are in
 * memory that the next call writes. */
const char *vec_judge(const struct vec_case *c, vec_engine *engine);
/* Calls `visit` for every run of every file of test/vectors. Ends the process, with a message, for
 * a file that cannot be read. How many runs there were. */
uint32_t vec_each(void (*visit)(const char *file, const struct vec_case *c));

#endif
