/* SPDX-License-Identifier: MIT
 * transfer.S: the short ways of call, reply and yield: control goes to another environment. A call
 * and a reply take every register along. Whatever does not fit goes the long way
 * (kern/sys/transfer.c, and for yield kern/sys/env.c), which decides everything again from the
 * beginning.
 *
 * The short way takes no lock. It is for environments at home on this hart, alike in floating point
 * and with address space identifiers (their tokens are equal). A capability is read while other
 * harts may take it away: its word is read before and after the rest, and who fills a slot writes
 * the word last; so either all of it is of one capability or the word is another one. The frames of
 * an environment, and of leaves of slots, become others' only when each hart has been outside this
 * code since the capability left its slot (kern/quiet.c).
 * Before `commit` nothing is changed. Only words of the two environments' private halves, of slots
 * and of their hart are touched, so no trap can happen.
 *
 * tp = environment that calls, gp t1 t2 free; t0 = ENV, t1 = capability that goes along, a7 = nr.
 */
#include "arch/riscv/frame.h"

	.section .text.trap, "ax"

	.globl trap_transfer_entry
trap_transfer_entry:
	addi	gp, a7, CALL_REPLY
	beqz	gp, reply
	addi	gp, a7, CALL_CALL
	bnez	gp, send_or_other
	bnez	t1, long_way
	ld	gp, A_SLOTS(tp)		/* the slot */
	beqz	gp, long_way		/* it never transferred control: nothing is set up */
	slli	t2, t0, 32
	srli	t2, t2, 38
	sltiu	t1, t2, SLOT_LEAVES
	beqz	t1, long_way
	slli	t2, t2, 3
	add	gp, gp, t2
	ld	gp, 0(gp)
	andi	t2, t0, 63
	slli	t2, t2, 6
	add	t1, gp, t2
	ld	gp, SLOT_WORD(t1)	/* of that generation, the type, the right */
	xor	t2, gp, t0
	srli	t2, t2, 32
	bnez	t2, long_way_plain
	andi	gp, gp, SLOT_CALL_MASK
	addi	gp, gp, -SLOT_CALL
	bnez	gp, long_way_plain
	add	t1, t1, t2		/* + 0: the word is read before these */
	ld	t2, SLOT_START(t1)
	ld	gp, SLOT_BADGE(t1)
	fence	r, r
	ld	t1, SLOT_WORD(t1)
	xor	t1, t1, t0
	srli	t1, t1, 32
	bnez	t1, long_way_plain
	slli	t2, t2, 12		/* t2 = tp of the callee */
	ld	t1, A_RAM(tp)
	add	t2, t2, t1
	sd	t0, A_X(5)(tp)
	ld	t0, A_TOKEN(tp)
	ld	t1, A_OPEN(t2)
	bne	t0, t1, long_way_kept
	ld	t1, A_LEFT(tp)
	beqz	t1, long_way_kept
commit:	addi	t1, t1, -1
	sd	t1, A_LEFT(t2)
	csrr	t1, sepc
	addi	t1, t1, 4
	sd	t1, A_X(0)(tp)
	sd	zero, A_OPEN(t2)
	sd	tp, A_BACK(t2)
	sd	t2, A_CALLEE(tp)
	ld	t1, A_SATP(t2)
	csrw	satp, t1
	ld	t1, A_FS(tp)
	csrs	sstatus, t1		/* its floating point now, so to be saved */
	ld	t1, A_ENTRY(t2)
	csrw	sepc, t1
	mv	t0, gp
	ld	gp, A_UAREA(t2)
	csrrw	tp, sscratch, t2
	li	t1, 0
	li	t2, 0
	sret

reply:
	bnez	t1, long_way
	ld	t1, A_BACK(tp)
	beqz	t1, long_way_plain
	ld	gp, A_TURN(tp)		/* in its own slot the caller only becomes ready */
	ld	t2, 0(gp)
	beq	t2, tp, long_way_plain
	csrr	t2, sepc
	sd	t2, A_X(0)(tp)
	ld	t2, A_TOKEN(tp)
	sd	t2, A_OPEN(tp)
	sd	zero, A_BACK(tp)
	sd	zero, A_CALLEE(t1)
	ld	t2, A_SATP(t1)
	csrw	satp, t2
	ld	t2, A_FS(tp)
	csrs	sstatus, t2
	ld	t2, A_X(0)(t1)
	csrw	sepc, t2
	ld	gp, A_UAREA(t1)
	csrrw	tp, sscratch, t1
	li	t0, 0
	li	t1, 0
	li	t2, 0
	sret

send_or_other:
	addi	gp, a7, CALL_SEND
	beqz	gp, long_way
	addi	gp, a7, CALL_YIELD
	bnez	gp, trap_exception	/* another system's call */

/* a0 = ENV. What C keeps over a call is kept, the rest is 0 for who goes on. Both without floating
 * point and upcalls of slices and events; the other one has yielded before. That the turn is
 * another's, the kernel's C code finds out when it comes to it (hart_sync). */
	ld	gp, A_SLOTS(tp)
	beqz	gp, trap_call
	slli	t2, a0, 32
	srli	t2, t2, 38
	sltiu	t1, t2, SLOT_LEAVES
	beqz	t1, trap_call
	slli	t2, t2, 3
	add	gp, gp, t2
	ld	gp, 0(gp)
	andi	t2, a0, 63
	slli	t2, t2, 6
	add	t1, gp, t2
	ld	gp, SLOT_WORD(t1)
	xor	t2, gp, a0
	srli	t2, t2, 32
	bnez	t2, trap_call
	andi	gp, gp, SLOT_YIELD_MASK
	addi	gp, gp, -SLOT_YIELD
	bnez	gp, trap_call
	add	t1, t1, t2
	ld	t2, SLOT_START(t1)
	fence	r, r
	ld	t1, SLOT_WORD(t1)
	xor	t1, t1, a0
	srli	t1, t1, 32
	bnez	t1, trap_call
	slli	t2, t2, 12		/* t2 = tp of the other one */
	ld	t1, A_RAM(tp)
	add	t2, t2, t1
	ld	t1, A_PLAIN(tp)
	ld	t0, A_RESTED(t2)
	bne	t0, t1, trap_call
	sd	t1, A_RESTED(tp)	/* commit */
	sd	zero, A_RESTED(t2)
	.irp	n, 1, 2, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sd	x\n, A_X(\n)(tp)
	.endr
	csrrw	t1, sscratch, t2
	sd	t1, A_X(4)(tp)
	csrr	t1, sepc
	addi	t1, t1, 4
	sd	t1, A_X(0)(tp)
	sd	zero, A_X(10)(tp)
	ld	t1, A_TURN(tp)
	sd	t2, 0(t1)
	ld	t1, A_SATP(t2)
	csrw	satp, t1
	ld	t1, A_X(0)(t2)
	csrw	sepc, t1
	.irp	n, 1, 2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	ld	x\n, A_X(\n)(t2)
	.endr
	.irp	n, 10, 11, 12, 13, 14, 15, 16, 17, 5, 6, 7, 28, 29, 30, 31
	li	x\n, 0
	.endr
	sret
long_way_kept:
	ld	t0, A_X(5)(tp)
long_way_plain:
	li	t1, 0
long_way:
	la	gp, trap_transfer	/* environment *trap_transfer(ignored, ignored) */
	j	trap_save_all
