/* SPDX-License-Identifier: MIT
 * probe.S: does this hart have a register? Reads it under a trap vector of its own. Boot only.
 */
	.text
	.globl cpu_probe_stimecmp
cpu_probe_stimecmp:
	csrr	t1, stvec
	lla	t0, 1f
	csrw	stvec, t0
	li	a0, 0
	csrr	t2, 0x14d		/* stimecmp */
	li	a0, 1
	.balign 4
1:	csrw	stvec, t1
	li	t0, 0x120		/* SPP, SPIE: as before the trap that may have been */
	csrc	sstatus, t0
	ret
