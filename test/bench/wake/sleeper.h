/* SPDX-License-Identifier: MIT
 * sleeper.h: who sleeps by a predicate, see wake.c and sleeper.S.
 */
#ifndef TEST_BENCH_WAKE_SLEEPER_H
#define TEST_BENCH_WAKE_SLEEPER_H

#define WAKE_BIT  5 /* of init: a sleeper woke */
#define NR_BIND   13
#define NR_SLEEP  15
#define NR_SIGNAL 16

#ifndef __ASSEMBLER__
/* a0 to a3: what exo_bind is told; s0: its word; s1: where the tag goes; s2: init's ENV. No stack.
 */
void sleeper(void);
#endif

#endif
