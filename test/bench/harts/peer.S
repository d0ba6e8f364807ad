/* SPDX-License-Identifier: MIT
 * peer.S: a call between two environments, as short as the ABI allows, on each hart. What answers
 * is position independent: it is copied to a page of its own.
 */
#include "test/bench/ops.h"
#include "test/bench/transfer/peer.h"

	.option norelax
	.option norvc
	.section .rodata
	.balign 8
	.globl	hart_peer_code, hart_peer_code_end
hart_peer_code:
	li	a7, -NR_REPLY
	ecall
hart_peer_code_end:

	.text
	.globl	call_bare_4h
call_bare_4h:
	mv	t3, a0
	li	t1, 0
	BEGIN(OP_TRANSFER_BARE_4H)
	mv	t0, t3
	li	a7, -NR_CALL
	ecall
	END(OP_TRANSFER_BARE_4H)
	ret
