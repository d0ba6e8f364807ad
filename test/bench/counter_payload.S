/* SPDX-License-Identifier: MIT
 * counter_payload.S: a bare S-mode program of known length that test/sys/test_counter.py counts.
 *
 * Runs from OpenSBI at 0x80200000 with no kernel. Paging maps the first GiB of RAM twice: for the
 * supervisor where it is, and for the user at 1 GiB. The comment beside each interval says what the
 * counter must find. Operations: 1 empty, 2 straight line, 3 loop, 4 user and back, 5 firmware,
 * 6 second hart.
 */
#include "test/bench/ops.h"

#define PTE_SUPERVISOR ((0x80000 << 10) | 0xef)
#define PTE_USER       ((0x80000 << 10) | 0xdf)
#define USER_SHIFT     0x40000000

	.option norelax
	.globl _start
_start:
	mv	s0, a0
	lla	t0, root
	li	t1, PTE_USER
	sd	t1, 8(t0)
	li	t1, PTE_SUPERVISOR
	sd	t1, 16(t0)
	li	t1, 0xe7		/* devices, for the power-off */
	sd	t1, 0(t0)
	srli	t0, t0, 12
	li	t1, 8
	slli	t1, t1, 60
	or	t0, t0, t1
	csrw	satp, t0
	sfence.vma

	BEGIN(1)			/* 0 */
	END(1)

	BEGIN(2)			/* supervisor 10 */
	.rept	10
	nop
	.endr
	END(2)

	li	t0, 100
	BEGIN(3)			/* supervisor 300 */
1:	nop
	addi	t0, t0, -1
	bnez	t0, 1b
	END(3)

	lla	t0, back
	csrw	stvec, t0
	lla	t0, user
	li	t1, USER_SHIFT
	sub	t0, t0, t1
	csrw	sepc, t0
	li	t1, 0x100
	csrc	sstatus, t1
	li	t1, 20
	BEGIN(4)			/* user 20 * 2 + 1, supervisor 1 + 3 */
	sret
	.balign	4
user:	addi	t1, t1, -1
	bnez	t1, user
	ecall
	.balign	4
back:	nop
	nop
	nop
	END(4)

after_user:				/* supervisor 3, with upto= */
	li	a7, 0x10		/* SBI base: specification version */
	li	a6, 0
	BEGIN(5)			/* supervisor 1, machine some */
	ecall
	END(5)

	xori	a0, s0, 1		/* the other of two harts */
	lla	a1, second
	li	a2, 0
	li	a7, 0x48534d
	li	a6, 0
	ecall
	lla	t0, flag
2:	lw	t1, 0(t0)
	beqz	t1, 2b
	fence
	MARK(MARK_FLUSH)
	li	t0, 0x100000
	li	t1, 0x5555
	sw	t1, 0(t0)
3:	j	3b

second:	csrsi	sie, 2			/* a pending interrupt: wfi does not wait */
	csrsi	sip, 2
	wfi
	li	t0, 1000		/* longest run: 1 + 2000 + wfi */
	BEGIN(6)			/* supervisor 2000, on the other vCPU */
4:	addi	t0, t0, -1
	bnez	t0, 4b
	END(6)
	wfi
	li	t0, 1
	lla	t1, lock
	amoadd.d t2, t0, (t1)		/* held for 4 instructions, the last one included */
	ld	t2, 8(t1)
	nop
	nop
	sd	t0, 8(t1)
	lla	t1, flag
	fence
	sw	t0, 0(t1)
5:	j	5b

	.balign	4096
root:	.zero	4096
flag:	.zero	8
	.globl	lock
lock:	.zero	16
