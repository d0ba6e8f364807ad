/* SPDX-License-Identifier: MIT
 * transfer.S: the short ways of call, reply, yield and notify: control goes to another environment.
 * A call and a reply take every register along. Whatever does not fit goes the long way
 * (kern/sys/transfer.c, and for yield and notify kern/sys/env.c), which decides everything again
 * from the beginning.
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
	beqz	gp, yield
	addi	gp, a7, CALL_NOTIFY
	bnez	gp, trap_exception	/* another system's call */

/* t2 = tp of the environment that a0 names with the rights `want`, else the long way. */
	.macro	find_env want, mask
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
	andi	gp, gp, \mask
	addi	gp, gp, -\want
	bnez	gp, trap_call
	add	t1, t1, t2
	ld	t2, SLOT_START(t1)
	fence	r, r
	ld	t1, SLOT_WORD(t1)
	xor	t1, t1, a0
	srli	t1, t1, 32
	bnez	t1, trap_call
	slli	t2, t2, 12
	ld	t1, A_RAM(tp)
	add	t2, t2, t1
	.endm

/* The turn goes from tp to t2, gp = where it stands. What C keeps over a call is kept. */
	.macro	hand_over
	.irp	n, 1, 2, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sd	x\n, A_X(\n)(tp)
	.endr
	csrrw	t1, sscratch, t2
	sd	t1, A_X(4)(tp)
	csrr	t1, sepc
	addi	t1, t1, 4
	sd	t1, A_X(0)(tp)
	sd	t2, 0(gp)
	ld	t1, A_SATP(t2)
	csrw	satp, t1
	ld	t1, A_X(0)(t2)
	csrw	sepc, t1
	.irp	n, 1, 2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	ld	x\n, A_X(\n)(t2)
	.endr
	.irp	n, 11, 12, 13, 14, 15, 16, 17, 5, 6, 7, 28, 29, 30, 31
	li	x\n, 0
	.endr
	sret
	.endm

/* a0 = ENV, a1 = events for it, a2 = events that the caller waits for, a3 = deadline. Both alike
 * and plain (kern/transfer.c); the other one sleeps, has come to it in the same way, and waits for
 * all of a1. The turn is the caller's own, and what went before by short ways was of this kind. The
 * words that other harts look at are as after a signal and a sleep; that the caller is off the
 * timeline and the other one on it, hart_sync finds out. Before `sleeps` nothing is changed; from
 * there on the caller looks asleep, and finds what was raised before others saw that. */
	find_env SLOT_NOTIFY, SLOT_NOTIFY_MASK
	ld	t1, A_PLAIN(tp)
	ld	t0, A_NAP(t2)
	bne	t0, t1, trap_call
	csrr	t0, sstatus
	bltz	t0, trap_call		/* there is floating point to save */
	addi	t0, a3, 1
	bnez	t0, trap_call
	blez	a1, trap_call
	ld	t0, A_WAIT_MASK(t2)
	not	t3, t0
	and	t3, t3, a1
	bnez	t3, trap_call
	ld	t3, A_EVENTS(t2)
	and	t3, t3, t0
	bnez	t3, trap_call		/* it is about to be woken for another reason */
	ld	gp, A_TURN(tp)
	ld	t3, 0(gp)
	bne	t3, tp, trap_call	/* it serves somebody whose turn it is */
	ld	t3, TURN_NAPPED(gp)
	beqz	t3, first_nap
sleeps:	slli	t3, a2, 1		/* bit 63 is never raised */
	srli	t3, t3, 1
	sd	t3, A_WAIT_MASK(tp)
	li	t0, 1
	sw	t0, A_SLEEPING(tp)
	fence	rw, rw
	ld	t0, A_EVENTS(tp)
	and	t3, t3, t0
	bnez	t3, awake
	sd	t1, A_NAP(tp)
	sd	zero, A_NAP(t2)
	sd	tp, TURN_NAPPED(gp)
	sw	zero, A_SLEEPING(t2)
	mv	a0, a1
	hand_over
first_nap:
	ld	t3, TURN_SEEN(gp)
	beq	t3, tp, sleeps
	j	trap_call		/* those before yielded */
awake:	sw	zero, A_SLEEPING(tp)
	j	trap_call

/* a0 = ENV. Both alike and plain; the other one has yielded before. That the turn is another's,
 * the kernel's C code finds out when it comes to it (hart_sync). */
yield:
	find_env SLOT_YIELD, SLOT_YIELD_MASK
	ld	t1, A_PLAIN(tp)
	ld	t0, A_RESTED(t2)
	bne	t0, t1, trap_call
	csrr	t0, sstatus
	bltz	t0, trap_call
	ld	gp, A_TURN(tp)
	ld	t0, TURN_NAPPED(gp)
	bnez	t0, trap_call
	sd	t1, A_RESTED(tp)	/* commit */
	sd	zero, A_RESTED(t2)
	li	a0, 0
	sd	zero, A_X(10)(tp)
	hand_over
long_way_kept:
	ld	t0, A_X(5)(tp)
long_way_plain:
	li	t1, 0
long_way:
	la	gp, trap_transfer	/* environment *trap_transfer(ignored, ignored) */
	j	trap_save_all
