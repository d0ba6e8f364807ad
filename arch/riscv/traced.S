/* SPDX-License-Identifier: MIT
 * traced.S: the vector and the call table of environments whose every step is traced.
 *
 * They stand in the place of vector.S's (arch_calls), which so need not ask whether anything is
 * traced. A call goes through kern_traced_call and kern_traced_return; exceptions, interrupts and
 * calls that transfer control take the long way, where C records them.
 */
#include "arch/riscv/frame.h"

	.section .text.trap, "ax"

	.balign 64
	.globl trap_traced_user
trap_traced_user:
	csrrw	tp, sscratch, tp
	sd	gp, A_X(3)(tp)
	csrr	gp, scause
	addi	gp, gp, -8
	bnez	gp, 1f
	addi	gp, a7, CALL_SEND - 1	/* yield among them, by its long way */
	sltiu	gp, gp, CALL_SEND - 1
	bnez	gp, trap_call
	addi	gp, a7, CALL_CALL
	sltiu	gp, gp, CALL_CALL - CALL_SEND + 1
	beqz	gp, 1f			/* another system's call */
	la	gp, trap_traced_transfer
	j	trap_save_all
1:	la	gp, trap_traced		/* environment *trap_traced(cause, tval) */
	j	trap_save_all

/* The handler of every call: a0 to a7 as they came. `resume` wants t1 to t3 as well, which handlers
 * in C do not keep, and does not come back. */
traced_call:
	addi	sp, sp, -112
	sd	ra, 0(sp)
	.irp	n, 10, 11, 12, 13, 14, 15, 16, 17
	sd	x\n, 8 * (\n - 9)(sp)
	.endr
	sd	t1, 72(sp)
	sd	t2, 80(sp)
	sd	t3, 88(sp)
	neg	a0, a7
	call	kern_traced_call
	ld	t1, 72(sp)
	ld	t2, 80(sp)
	ld	t3, 88(sp)
	.irp	n, 10, 11, 12, 13, 14, 15, 16, 17
	ld	x\n, 8 * (\n - 9)(sp)
	.endr
	slli	t0, a7, 3
	la	gp, trap_untraced
	ld	gp, 0(gp)
	add	gp, gp, t0
	ld	gp, 0(gp)
	jalr	gp
	sd	a0, 8(sp)
	sd	a1, 16(sp)
	ld	a0, 64(sp)
	neg	a0, a0
	call	kern_traced_return
	ld	a0, 8(sp)
	ld	a1, 16(sp)
	ld	ra, 0(sp)
	addi	sp, sp, 112
	bnez	a1, 2f
	ret
2:	la	t0, trap_traced_after_call
	j	trap_after_any_call

	.section .rodata
	.balign 8
	.rept	64			/* EXO_CALLS_MAX */
	.dword	traced_call
	.endr
	.globl traced_table_end
traced_table_end:
