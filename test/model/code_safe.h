/* SPDX-License-Identifier: MIT
 * code_safe.h: does any program at all, once it is accepted, keep within its regions and its fuel?
 */
#ifndef TEST_MODEL_CODE_SAFE_H
#define TEST_MODEL_CODE_SAFE_H

#include "kern/code/program.h"
#include "test/model/vec_run.h"

#define CODE_SAFE_BYTES 40 /* of each region but stack and data */

/* Gives every region poisoned surroundings, for stack and data of these sizes. */
void code_safe_memory(uint32_t stack_bytes, const void *data, uint32_t data_bytes);
/* Runs the verified program there with pointers in r1, r3 and r5. Ends the process, with a message,
 * when it does what no program may. */
void code_safe_run(const struct code_program *p, vec_engine *engine);

#endif
