/* SPDX-License-Identifier: MIT
 * sys_code.h: downloaded code in a world of system calls: programs, what they are given, and what
 * they may never read.
 */
#ifndef TEST_MODEL_SYS_CODE_H
#define TEST_MODEL_SYS_CODE_H

#include "test/model/sys_args.h"

/* Where a program that can mostly be loaded, or what one is to be run with, stands in the caller's
 * memory. */
uint64_t arg_program(struct op *o);
uint64_t arg_run(struct op *o);
/* Bytes of what a predicate reads: offset << 32 | bytes. */
uint64_t arg_watched(const struct op *o);
/* A wake-up predicate reads what its environment was given, and nothing else. */
void code_check_env(const struct captree *t, const struct env *e);

#endif
