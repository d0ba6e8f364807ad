/* SPDX-License-Identifier: MIT
 * child.h: the child's code, and what it needs to know that assembly cannot read.
 */
#ifndef TEST_BENCH_LIFE_CHILD_H
#define TEST_BENCH_LIFE_CHILD_H

#define NR_EXIT 19

#ifndef __ASSEMBLER__
extern const char child_code[], child_code_end[];
#endif
#endif
