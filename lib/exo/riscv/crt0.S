/* SPDX-License-Identifier: MIT
 * crt0.S: the first instructions of a program. a0 = its start page (init: the boot page), sp =
 * end of its stack.
 *
 * 1. thread pointer to the first thread's block  2. align the stack  3. the rest in C:
 * exo_begin(page), which ends in exit.
 */
	.option norelax
	.section .text.start, "ax"
	.globl _start
_start:
	lla	tp, __tls_main
	andi	sp, sp, -16
	li	fp, 0
	call	exo_begin
