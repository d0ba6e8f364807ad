/* SPDX-License-Identifier: MIT
 * copy.S: user memory: the only function that touches it.
 *
 * int64 user_copy_in(void *to, u64 from, u64 bytes), int64 user_copy_out(u64 to, const void *from,
 * u64 bytes): 0, or 1 = fault. The caller has checked that the range lies in the user half.
 *
 * It runs under a vector of its own, so a fault in it is the user's. Nothing is stored outside the
 * range. What is loaded is words that hold at least one byte of it: they lie in the same pages, so
 * they fault only if the range does. Each byte of the range is used once.
 */
#include "arch/riscv/frame.h"

	.text
	.balign 4
	.globl	user_copy_in
	.globl	user_copy_out
user_copy_in:
user_copy_out:
	la	t0, user_fault
	csrr	t1, sepc
	csrw	stvec, t0
	li	t0, SSTATUS_SUM
	csrs	sstatus, t0
	or	t2, a0, a1
	or	t2, t2, a2
	andi	t2, t2, 7
	add	a2, a1, a2		/* a1 to a2: from */
	bnez	t2, unaligned
	addi	t3, a1, 32
	bltu	a2, t3, 2f
1:	ld	t2, 0(a1)		/* four words at a time */
	ld	a3, 8(a1)
	ld	a4, 16(a1)
	ld	a5, 24(a1)
	sd	t2, 0(a0)
	sd	a3, 8(a0)
	sd	a4, 16(a0)
	sd	a5, 24(a0)
	mv	a1, t3
	addi	a0, a0, 32
	addi	t3, t3, 32
	bgeu	a2, t3, 1b
2:	bgeu	a1, a2, copied
3:	ld	t2, 0(a1)
	sd	t2, 0(a0)
	addi	a0, a0, 8
	addi	a1, a1, 8
	bltu	a1, a2, 3b
	j	copied

unaligned:
	addi	t3, a1, 16		/* so that a word is left when `to` is aligned */
	bltu	a2, t3, last_bytes
1:	andi	t2, a0, 7
	beqz	t2, 2f
	lbu	t2, 0(a1)
	sb	t2, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	j	1b
2:	addi	a3, a2, -7		/* a word is left while a1 is below */
	andi	a4, a1, 7
	bnez	a4, 4f
3:	ld	t2, 0(a1)
	sd	t2, 0(a0)
	addi	a1, a1, 8
	addi	a0, a0, 8
	bltu	a1, a3, 3b
	j	last_bytes

4:	sub	a1, a1, a4		/* each word of `to` is put together from two */
	ld	a7, 0(a1)
	addi	a1, a1, 8
	slli	a5, a4, 3
	neg	a6, a5			/* shifts count modulo 64 */
	addi	a4, a4, -8		/* a1 + a4 is where it goes on */
	sub	a3, a3, a4
5:	ld	t2, 0(a1)
	srl	a7, a7, a5
	sll	t3, t2, a6
	or	a7, a7, t3
	sd	a7, 0(a0)
	mv	a7, t2
	addi	a1, a1, 8
	addi	a0, a0, 8
	bltu	a1, a3, 5b
	add	a1, a1, a4
	j	last_bytes

6:	lbu	t2, 0(a1)
	sb	t2, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
last_bytes:
	bltu	a1, a2, 6b
copied:
	csrc	sstatus, t0
	la	t0, trap_kernel
	csrw	stvec, t0
	li	a0, 0
	ret

	.balign 4
user_fault:
	li	t0, SSTATUS_SUM | SSTATUS_SPP
	csrc	sstatus, t0
	csrw	sepc, t1		/* the trap took the place of the user's pc */
	la	t0, trap_kernel
	csrw	stvec, t0
	li	a0, 1
	ret
