/* SPDX-License-Identifier: MIT
 * peer.S: what is measured between two environments, as short as the ABI allows. The peer's code is
 * position independent: it is copied to a page of its own.
 */
#include "test/bench/ops.h"
#include "test/bench/transfer/peer.h"

	.option norelax
	.option norvc
	.macro kept op
	\op	ra, 0(sp)
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, 8 + 8 * \n(sp)
	.endr
	.endm

	.section .rodata
	.balign 8
	.globl	peer_code, peer_code_end, peer_bare, peer_saved, peer_saved_first
	.globl	peer_yield, peer_notify
peer_code:
peer_bare:
	li	a7, -NR_REPLY
	ecall

peer_saved:
	ld	sp, KEPT_SP(gp)
	kept	ld
peer_saved_first:
	kept	sd
	sd	sp, KEPT_SP(gp)
	li	a7, -NR_REPLY
	ecall

peer_yield:
	mv	a0, s0
	li	a7, -NR_YIELD
	ecall
	j	peer_yield

peer_notify:
	mv	a0, s0
	li	a1, 1
	li	a2, 1
	li	a3, -1
	li	a7, -NR_NOTIFY
	ecall
	j	peer_notify
peer_code_end:

/* The peer leaves all registers but gp, t0 to t2 and a7 as they are. */
	.text
	.globl	call_bare, call_saved
call_bare:
	mv	t3, a0
	li	t1, 0
	BEGIN(OP_TRANSFER_BARE)
	mv	t0, t3
	li	a7, -NR_CALL
	ecall
	END(OP_TRANSFER_BARE)
	ret

call_saved:
	addi	sp, sp, -112
	mv	t3, a0
	mv	gp, a1
	li	t1, 0
	BEGIN(OP_TRANSFER_SAVED)
	kept	sd
	sd	sp, KEPT_SP(gp)
	mv	t0, t3
	li	a7, -NR_CALL
	ecall
	ld	sp, KEPT_SP(gp)
	kept	ld
	END(OP_TRANSFER_SAVED)
	addi	sp, sp, 112
	ret
