/* SPDX-License-Identifier: MIT
 * vector.S: from user mode into the kernel and back.
 *
 * Entry, in steps: 1 swap tp with sscratch (tp = environment, see frame.h). 2 A call: switch to
 * the kernel's trap vector and stack, look the handler up, call it. 3 An exception: if the
 * environment can take it, store cause, pc, tval and gp in its u-area and enter its handler, every
 * other register intact. 4 Anything else: save the whole context, ask C. Calls that transfer
 * control: transfer.S.
 *
 * While stvec is trap_user only tp-relative words of the environment's own frames are touched, so
 * no trap can happen. C code runs with stvec = trap_kernel: a trap there is a broken invariant,
 * and panics on a stack of its own.
 */
#include <exo/uarea.h>
#include "arch/riscv/frame.h"

#define PRINT_TURNS (1 << 27) /* of a loop: long enough for a line on a slow console */

	.section .text.trap, "ax"

/* --- the vector of user mode -------------------------------------------------------------- */
	.balign 64
	.globl trap_user
trap_user:
	csrrw	tp, sscratch, tp
	sd	gp, A_X(3)(tp)
	csrr	gp, scause
	addi	gp, gp, -8
	bnez	gp, not_a_call
	addi	gp, a7, CALL_FIRST_TRANSFER - 1
	sltiu	gp, gp, CALL_FIRST_TRANSFER - 1
	beqz	gp, trap_transfer_entry	/* or another system's: the environment's own business */
	.globl	trap_call
trap_call:
	csrr	gp, sepc
	addi	gp, gp, 4
	csrw	sepc, gp
	ld	gp, A_VEC_KERNEL(tp)
	csrw	stvec, gp
	sd	sp, A_X(2)(tp)
	sd	ra, A_X(1)(tp)
	ld	sp, A_STACK(tp)
	slli	t0, a7, 3		/* a7 is -1 .. -64 */
	ld	gp, A_TABLE(tp)
	add	gp, gp, t0
	ld	gp, 0(gp)
	jalr	gp			/* handler(a0..a6) -> a0 result, a1 action */
	bnez	a1, after_call
	ld	gp, A_VEC_USER(tp)
	csrw	stvec, gp
	ld	ra, A_X(1)(tp)
	ld	sp, A_X(2)(tp)
	ld	gp, A_X(3)(tp)
	li	a2, 0			/* nothing of the kernel leaves in a register */
	li	a3, 0
	li	a4, 0
	li	a5, 0
	li	a6, 0
	li	a7, 0
	li	t0, 0
	li	t1, 0
	li	t2, 0
	li	t3, 0
				/* nothing of the kernel's is in t4 to t6: Makefile */
	csrrw	tp, sscratch, tp
	sret

/* In the place of trap_user for one trap, see arch_trap_once(). */
	.balign 64
	.globl trap_once_user
trap_once_user:
	csrrw	tp, sscratch, tp
	sd	gp, A_X(3)(tp)
	la	gp, trap_once		/* environment *trap_once(cause, tval) */
	j	trap_save_all

not_a_call:
	csrr	gp, scause
	bltz	gp, to_c
	.globl trap_exception
trap_exception:
	ld	gp, EXO_U_CAUSE(tp)
	bnez	gp, to_c		/* still busy with another one: the supervisor's */
	ld	gp, A_HANDLER(tp)
	beqz	gp, to_c
	csrr	gp, scause
	sd	gp, EXO_U_CAUSE(tp)
	csrr	gp, sepc
	sd	gp, EXO_U_PC(tp)
	csrr	gp, stval
	sd	gp, EXO_U_TVAL(tp)
	ld	gp, A_X(3)(tp)
	sd	gp, EXO_U_GP(tp)
	ld	gp, A_HANDLER(tp)
	csrw	sepc, gp
	ld	gp, A_UAREA(tp)
	csrrw	tp, sscratch, tp
	sret

/* The handler of the call `resume`: back from an exception, else from an asynchronous upcall, every
 * register as the caller has it but those that it could not restore itself: pc, gp, t0, a7 come
 * from the u-area. Any pc will do: it is entered in user mode. */
	.globl sys_resume
sys_resume:
	ld	gp, EXO_U_CAUSE(tp)
	beqz	gp, 1f
	sd	zero, EXO_U_CAUSE(tp)
	ld	gp, EXO_U_PC(tp)
	csrw	sepc, gp
	ld	gp, EXO_U_GP(tp)
	ld	t0, EXO_U_T0(tp)
	ld	a7, EXO_U_A7(tp)
	j	2f
1:	ld	gp, EXO_U_MASK(tp)
	beqz	gp, 3f
	sd	zero, EXO_U_MASK(tp)
	ld	gp, EXO_U_ASYNC_PC(tp)
	csrw	sepc, gp
	ld	gp, EXO_U_ASYNC_GP(tp)
	ld	t0, EXO_U_ASYNC_T0(tp)
	ld	a7, EXO_U_ASYNC_A7(tp)
2:	sd	gp, A_X(3)(tp)
	ld	ra, A_X(1)(tp)
	ld	sp, A_X(2)(tp)
	ld	gp, EXO_U_PENDING(tp)
	bnez	gp, resume_pending
	ld	gp, A_VEC_USER(tp)
	csrw	stvec, gp
	ld	gp, A_X(3)(tp)
	csrrw	tp, sscratch, tp
	sret
3:	li	a0, E_STATE_VALUE
	li	a1, ACTION_RETURN
	ret

/* --- the long way: whole context saved, C decides who runs next --------------------------- */
resume_pending:
	la	gp, trap_resume		/* environment *trap_resume(ignored, ignored) */
	j	trap_save_all
to_c:
	la	gp, trap_from_user	/* environment *trap_from_user(cause, tval) */
	.globl trap_save_all
trap_save_all:
	sd	ra, A_X(1)(tp)
	sd	sp, A_X(2)(tp)
	.irp	n, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
	sd	x\n, A_X(\n)(tp)
	.endr
	mv	t0, gp
	ld	gp, A_VEC_KERNEL(tp)
	csrw	stvec, gp
	ld	sp, A_STACK(tp)
	csrr	a0, scause
	csrr	a1, stval
	j	save_rest

after_call:
	la	t0, trap_after_call	/* environment *trap_after_call(result, action) */
	.globl trap_after_any_call
trap_after_any_call:
	.irp	n, 5, 6, 7, 28, 29, 30, 31
	sd	zero, A_X(\n)(tp)
	.endr
save_rest:
	.irp	n, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sd	x\n, A_X(\n)(tp)
	.endr
	csrr	t1, sscratch
	sd	t1, A_X(4)(tp)
	csrr	t1, sepc
	sd	t1, A_X(0)(tp)
	jalr	t0
	addi	a0, a0, ARCH_ENV_BYTES

/* a0 = tp of the environment to run; its address space and floating point are in place. */
	.globl trap_enter
trap_enter:
	mv	tp, a0
	ld	t0, A_X(0)(tp)
	csrw	sepc, t0
	ld	t0, A_VEC_USER(tp)
	csrw	stvec, t0
	ld	t0, A_X(4)(tp)
	csrw	sscratch, t0
	.irp	n, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, A_X(\n)(tp)
	.endr
	csrrw	tp, sscratch, tp
	sret

/* --- the vector of the kernel: only a broken invariant leads here ------------------------- */
	.balign 64
	.globl trap_kernel
trap_kernel:
	csrw	sscratch, t0
	la	t0, panic_stack_taken
	amoswap.w t0, sp, (t0)		/* the low half of which is not 0 */
	bnez	t0, 1f			/* one hart only */
	la	t0, panic_stack_end - 256
	.irp	n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, 8 * \n(t0)
	.endr
	csrr	t1, sscratch
	sd	t1, 8 * 5(t0)
	mv	sp, t0
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	mv	a3, sp			/* struct arch_registers, but for pc */
	call	trap_from_kernel
1:	li	t0, PRINT_TURNS		/* another hart prints; or this one, and that was a trap */
2:	addi	t0, t0, -1
	bnez	t0, 2b
	li	a7, 0x53525354		/* SBI 2.0 chapter 10: system reset, shutdown, failure */
	li	a6, 0
	li	a0, 0
	li	a1, 1
	ecall
	li	a7, 8			/* the same before SBI 0.2 */
	ecall
3:	wfi
	j	3b

	.bss
panic_stack_taken:
	.zero	4
	.balign 16
	.zero	8192
	.globl panic_stack_end
panic_stack_end:
