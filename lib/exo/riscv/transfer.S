/* SPDX-License-Identifier: MIT
 * transfer.S: the registers of a call and of a server. After a transfer gp = u-area and nothing
 * else is one's own, so what is kept stands on the stack, and the stack's address in the u-area.
 */
#include <exo/uarea.h>

#include "lib/exo/transfer.h"

	.option	norelax

/* What exo_transfer keeps. */
#define K_RA		0
#define K_S(n)		(8 + 8 * (n))
#define K_TP		104
#define K_GP		112
#define K_MESSAGE	120
#define K_FLOAT		128
#define K_SP		136 /* of a call that this one interrupts */
#define K_FS(n)		(144 + 8 * (n))
#define K_FCSR		240
#define K_BYTES		256

	.macro	words op, base
	.irp	n, 0, 1, 2, 3, 4, 5, 6
	\op	a\n, 8 * \n(\base)
	.endr
	.endm
	.macro	kept op
	\op	ra, K_RA(sp)
	\op	tp, K_TP(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, K_S(\n)(sp)
	.endr
	.endm
	.macro	kept_float op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	fs\n, K_FS(\n)(sp)
	.endr
	.endm
	.macro	forget
	.irp	r, ra, tp, t2, t3, t4, t5, t6
	li	\r, 0
	.endr
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	li	s\n, 0
	.endr
	.endm

/* a0 = ENV, a1 = message, a2 = u-area, a3 = -number, a4 = has floating point; a0 = status, 0: the
 * message is the answer. */
	.section .text.exo_transfer, "ax"
	.globl	exo_transfer
exo_transfer:
	addi	sp, sp, -K_BYTES
	kept	sd
	sd	gp, K_GP(sp)
	sd	a1, K_MESSAGE(sp)
	sd	a4, K_FLOAT(sp)
	beqz	a4, 1f
	kept_float fsd
	frcsr	t0
	sd	t0, K_FCSR(sp)
1:	ld	t0, EXO_UL_CALL_SP(a2)
	sd	t0, K_SP(sp)
	sd	sp, EXO_UL_CALL_SP(a2)
	mv	t0, a0
	mv	s0, a1
	mv	a7, a3
	ld	t1, EXO_MESSAGE_GIFT(s0)
	words	ld, s0
	forget
	li	s0, 0
	ecall
	ld	sp, EXO_UL_CALL_SP(gp)
	ld	t2, K_SP(sp)
	sd	t2, EXO_UL_CALL_SP(gp)
	bnez	t0, 2f
	ld	t2, K_MESSAGE(sp)
	words	sd, t2
	sd	t1, EXO_MESSAGE_GIFT(t2)
2:	mv	a0, t0
	ld	t0, K_FLOAT(sp)
	beqz	t0, 3f
	kept_float fld
	ld	t0, K_FCSR(sp)
	fscsr	t0
3:	kept	ld
	ld	gp, K_GP(sp)
	addi	sp, sp, K_BYTES
	ret

/* a0 = u-area: from here on this stack belongs to the calls that are served. */
	.section .text.exo_serve_begin, "ax"
	.globl	exo_serve_begin
	.globl	exo_serve_entry
exo_serve_begin:
	mv	gp, a0
	addi	sp, sp, -EXO_MESSAGE_BYTES
	sd	sp, EXO_UL_SERVE_SP(gp)
	sd	tp, EXO_UL_SERVE_TP(gp)
	li	t1, 0
	j	1f
exo_serve_entry:
	ld	sp, EXO_UL_SERVE_SP(gp)
	ld	tp, EXO_UL_SERVE_TP(gp)
	words	sd, sp
	sd	t1, EXO_MESSAGE_GIFT(sp)
	mv	a0, sp
	mv	a1, t0
	mv	s0, gp
	ld	t2, EXO_UL_SERVER(gp)
	jalr	t2
	words	ld, sp
	ld	t1, EXO_MESSAGE_GIFT(sp)
1:	li	a7, EXO_CALL_REPLY
	forget
	li	s0, 0
	ecall			/* returns without the gift, or for an upcall */
	li	t1, 0
	j	1b
