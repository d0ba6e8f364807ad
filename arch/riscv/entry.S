/* SPDX-License-Identifier: MIT
 * entry.S: from the firmware to C, at whatever address the image was loaded.
 *
 * The header is that of a Linux RISC-V Image (Documentation/riscv/boot-image-header), which
 * OpenSBI, U-Boot's booti and QEMU understand: hart id in a0, device tree in a1, paging off, any
 * hart. Steps of the first hart: 1 clear .bss, 2 banner through the firmware, 3 build the early
 * page tables (early.c, at physical addresses), 4 turn paging on; the trap vector is the way to
 * the virtual address, 5 C. Other harts come by SBI HSM and do 4 and 5 with the final tables.
 * OpenSBI up to 1.1 (at least) marks a hart as started before it has stored where to: one that
 * looks at that moment comes to _start, or comes with another a1. So whoever is not first goes to
 * other_hart, which takes start_args from memory: if they are for this hart, and only once, so
 * that a hart that comes after it was given up stays here. Nothing is believed of the state at
 * entry but a0, a1 and that paging is off.
 */
#include "arch/riscv/frame.h"

	.section .text.start, "ax"
	.globl _start
_start:
	j	first_hart
	.balign 4
	.word	0
	.dword	0x200000		/* text_offset */
	.dword	image_bytes
	.dword	0			/* flags: little endian */
	.word	2			/* header version 0.2 */
	.word	0
	.dword	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

first_hart:
	.option push
	.option norelax
	csrw	sie, zero
	li	t0, SSTATUS_UXL_64
	csrw	sstatus, t0
	csrw	satp, zero
	lla	t0, first_is_here
	li	t1, 1
	amoswap.w.aqrl t1, t1, (t0)
	bnez	t1, other_hart
	mv	s0, a0
	mv	s1, a1
	lla	t0, bss_start
	lla	t1, bss_end		/* both on cache lines */
1:	sd	zero, 0(t0)
	sd	zero, 8(t0)
	sd	zero, 16(t0)
	sd	zero, 24(t0)
	sd	zero, 32(t0)
	sd	zero, 40(t0)
	sd	zero, 48(t0)
	sd	zero, 56(t0)
	addi	t0, t0, 64
	bltu	t0, t1, 1b
	lla	s2, banner
2:	lbu	a0, 0(s2)
	beqz	a0, 3f
	li	a7, 1			/* SBI legacy console_putchar: there since 0.1 */
	ecall
	addi	s2, s2, 1
	j	2b
3:	lla	sp, boot_stack_end
	lla	a0, _start
	mv	a1, s1
	call	early_tables		/* -> a0 = satp */
	lla	t2, _start
	li	t1, KERNEL_BASE
	sub	t1, t1, t2		/* virtual - physical */
	add	sp, sp, t1
	mv	a1, s1
	mv	a2, t2
	lla	t0, 4f
	add	t0, t0, t1
	csrw	stvec, t0
	mv	t3, a0
	mv	a0, s0
	sfence.vma
	csrw	satp, t3		/* the next fetch faults, to the vector */
	.balign 4
4:	sfence.vma
	csrw	sscratch, zero
	lla	t0, trap_kernel
	csrw	stvec, t0
	mv	s0, zero
	mv	ra, zero
	call	arch_boot		/* (hart id, device tree, load address) */
5:	wfi
	j	5b

/* a0 = hart id; start_args = { hart id + 1 (0: nobody, or taken), satp, virtual - physical, stack,
 * argument } */
	.globl other_hart
	.balign 4
other_hart:
	csrw	sie, zero
	li	t0, SSTATUS_UXL_64
	csrw	sstatus, t0
	lla	a1, start_args
	addi	t0, a0, 1
5:	lr.d.aq	t1, (a1)
	bne	t1, t0, 7f
	sc.d	t1, zero, (a1)
	bnez	t1, 5b
	ld	t3, 8(a1)
	ld	t1, 16(a1)
	ld	sp, 24(a1)
	ld	a1, 32(a1)
	lla	t0, 6f
	add	t0, t0, t1
	csrw	stvec, t0
	sfence.vma
	csrw	satp, t3
	.balign 4
6:	sfence.vma
	csrw	sscratch, zero
	lla	t0, trap_kernel
	csrw	stvec, t0
	mv	s0, zero
	mv	ra, zero
	call	arch_boot_other		/* (hart id, argument) */
7:	wfi
	j	7b
	.option pop

	.section .rodata
banner:	.asciz	"\r\nChitin exokernel: starting\r\n"

	.data				/* not .bss, which the first hart clears */
	.balign 4
first_is_here:
	.word	0

	.bss
	.balign 16
	.zero	8192
	.globl boot_stack_end
boot_stack_end:
