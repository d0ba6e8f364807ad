/* SPDX-License-Identifier: MIT
 * fp.S: save and load the floating-point registers of an environment. a0 = its tp. sstatus.FS must
 * not be Off.
 */
#include "arch/riscv/frame.h"
	.option arch, +d
	.text
	.globl fp_save
fp_save:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fsd	f\n, A_F(\n)(a0)
	.endr
	csrr	t0, fcsr
	sd	t0, A_FCSR(a0)
	ret
	.globl fp_load
fp_load:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fld	f\n, A_F(\n)(a0)
	.endr
	ld	t0, A_FCSR(a0)
	csrw	fcsr, t0
	ret
