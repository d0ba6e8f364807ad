/* SPDX-License-Identifier: MIT
 * child.S: the whole life of a benchmark's child: it stores to its stack and ends. Position
 * independent: it is copied to a page of its own.
 */
#include "test/bench/life/child.h"

	.option norelax
	.section .rodata
	.balign 8
	.globl	child_code, child_code_end
child_code:
	sd	zero, -8(sp)
	li	a0, 0
	li	a7, -NR_EXIT
	ecall
child_code_end:
