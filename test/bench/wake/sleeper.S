/* SPDX-License-Identifier: MIT
 * sleeper.S: binds its predicate, then for ever: sleeps by it, marks the end of the interval, notes
 * the tag, makes its word 0 again and tells init.
 */
#include "test/bench/ops.h"
#include "test/bench/wake/sleeper.h"

	.text
	.globl	sleeper
sleeper:
	li	a7, -NR_BIND
	ecall
	bnez	a0, 2f
1:	li	a0, 1
	slli	a0, a0, 63		/* EXO_SLEEP_PREDICATE */
	li	a1, -1
	li	a7, -NR_SLEEP
	ecall
	END(OP_WAKE)
	mv	a0, a1
2:	sd	a0, 0(s1)
	sd	zero, 0(s0)
	mv	a0, s2
	li	a1, 1 << WAKE_BIT
	li	a7, -NR_SIGNAL
	ecall
	j	1b
