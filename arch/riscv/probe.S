/* SPDX-License-Identifier: MIT
 * probe.S: does this hart, this machine have it? Tries under a trap vector of its own, which leads
 * to label 1. Boot only.
 */
#define SENVCFG 0x10a
#define HSTATUS 0x600
#define HSTATUS_SPV_HU 0x280
#define STIMECMP 0x14d
#define SSTATUS_SPP_SPIE 0x120

	.macro	TRY instruction:vararg
	lla	t0, 1f
	csrw	stvec, t0
	\instruction
	li	a0, 1
	.balign 4
1:
	.endm

	.macro	TRIED
	csrw	stvec, t1
	li	t0, SSTATUS_SPP_SPIE	/* as before the trap that may have been */
	csrc	sstatus, t0
	ret
	.endm

	.text
	.globl cpu_probe_stimecmp
cpu_probe_stimecmp:
	csrr	t1, stvec
	li	a0, 0
	TRY	csrr t2, STIMECMP
	TRIED

/* No virtual machine to return to, no cache operations for users that could show them old memory.
 * */
	.globl cpu_clear_optional
cpu_clear_optional:
	csrr	t1, stvec
	li	t2, HSTATUS_SPV_HU
	TRY	csrc HSTATUS, t2
	TRY	csrw SENVCFG, zero
	TRIED

	.globl cpu_probe_registers
cpu_probe_registers:
	csrr	t1, stvec
	mv	t2, a0
	li	a0, 0
	TRY	lw t3, 0(t2)
	bnez	a0, 2f
	TRY	lb t3, 0(t2)
2:	TRIED

/* Can memory be written, though its page is marked neither accessed nor dirty? */
	.globl cpu_probe_store
cpu_probe_store:
	csrr	t1, stvec
	mv	t2, a0
	li	a0, 0
	TRY	sw zero, 0(t2)
	TRIED
