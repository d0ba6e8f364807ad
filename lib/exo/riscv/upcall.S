/* SPDX-License-Identifier: MIT
 * upcall.S: entry and return of exceptions and events. On entry gp = u-area of this environment,
 * every other register as it was.
 *
 * exo_exception_entry saves everything that C may change on the environment's exception stack, as
 * a struct exo_fault with the caller-saved floating-point registers above it, calls the C
 * handler, and returns by the window. The stack is mapped and the u-area is, so nothing here
 * faults; a fault in C finds `cause` set and goes to the supervisor. tp is kept: C sees the
 * thread-local storage of the code that faulted.
 */
#include <exo/uarea.h>

#include "lib/exo/upcall.h"

	.option	norvc
	.option	norelax

/* struct exo_fault, then ft0-ft11, fa0-fa7, fcsr. */
#define X(n)	(32 + 8 * (n))
#define F(n)	(EXO_FAULT_BYTES + 8 * (n))
#define FCSR	F(20)
#define FRAME	(EXO_FAULT_BYTES + 176)

	.macro	each_integer op
	.irp	n, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	\op	x\n, X(\n)(sp)
	.endr
	.irp	n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	x\n, X(\n)(sp)
	.endr
	.endm
	.macro	each_float op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	\op	ft\n, F(\n)(sp)
	\op	fa\n, F(12 + \n)(sp)
	.endr
	.irp	n, 8, 9, 10, 11
	\op	ft\n, F(\n)(sp)
	.endr
	.endm

	.section .text.exo_exception_entry, "ax"
	.balign	4
	.globl	exo_exception_entry
	.globl	exo_exception_window
exo_exception_entry:
	sd	sp, EXO_UL_SP(gp)
	ld	sp, EXO_UL_STACK(gp)
	addi	sp, sp, -FRAME
	sd	ra, X(1)(sp)
	sd	tp, X(4)(sp)
	each_integer sd
	mv	s0, gp
	ld	t0, EXO_UL_SP(s0)
	ld	t1, EXO_U_GP(s0)
	sd	t0, X(2)(sp)
	sd	t1, X(3)(sp)
	sd	zero, X(0)(sp)
	ld	t0, EXO_U_CAUSE(s0)
	ld	t1, EXO_U_PC(s0)
	ld	t2, EXO_U_TVAL(s0)
	sd	t0, 0(sp)
	sd	t1, 8(sp)
	sd	t2, 16(sp)
	ld	s1, EXO_UL_FP(s0)
	beqz	s1, 1f
	each_float fsd
	frcsr	t0
	sd	t0, FCSR(sp)
1:	mv	a0, sp
	ld	t0, EXO_UL_HANDLER(s0)
	jalr	t0
	beqz	s1, 2f
	each_float fld
	ld	t0, FCSR(sp)
	fscsr	t0
2:	ld	t0, 8(sp)
	sd	t0, EXO_U_PC(s0)
	mv	gp, s0
	ld	ra, X(1)(sp)
	ld	tp, X(4)(sp)
	each_integer ld
	ld	sp, X(2)(sp)
	sd	zero, EXO_U_CAUSE(gp)
exo_exception_window:
	ld	gp, EXO_U_PC(gp)
	jr	gp

/* Events: the same frame on the event stack. resume brings t0 and a7 back, so they are free from
 * the beginning. gp is read once: a fault in the handler changes it. */
	.section .text.exo_event_entry, "ax"
	.balign	4
	.globl	exo_event_entry
exo_event_entry:
	mv	t0, gp
	ld	a7, EXO_UL_EVENT_STACK(t0)
	addi	a7, a7, -FRAME
	sd	sp, X(2)(a7)
	mv	sp, a7
	sd	ra, X(1)(sp)
	each_integer sd
	mv	s0, t0
	ld	s1, EXO_UL_FP(s0)
	beqz	s1, 1f
	each_float fsd
	frcsr	t0
	sd	t0, FCSR(sp)
1:	ld	a0, EXO_U_EVENTS(s0)
	ld	t0, EXO_UL_EVENT_HANDLER(s0)
	jalr	t0
	beqz	s1, 2f
	each_float fld
	ld	t0, FCSR(sp)
	fscsr	t0
2:	ld	ra, X(1)(sp)
	each_integer ld
	ld	sp, X(2)(sp)
	li	a7, EXO_CALL_RESUME
	ecall

	.section .text.exo_skip_entry, "ax"
	.balign	4
	.globl	exo_skip_entry
	.globl	exo_skip_window
exo_skip_entry:
	sd	t0, EXO_UL_SP(gp)
	ld	t0, EXO_U_PC(gp)
	addi	t0, t0, 4
	sd	t0, EXO_U_PC(gp)
	ld	t0, EXO_UL_SP(gp)
	sd	zero, EXO_U_CAUSE(gp)
exo_skip_window:
	ld	gp, EXO_U_PC(gp)
	jr	gp
