/* SPDX-License-Identifier: MIT
 * handlers.S: exception handlers of the benchmark, as short as the ABI allows.
 *
 * On entry gp = u-area and every other register is the interrupted code's, so each register that
 * is used is saved first. All return without the kernel: clear `cause`, then the two-instruction
 * window.
 */
#include <exo/uarea.h>
#include "test/bench/core/handlers.h"
#include "test/bench/ops.h"

	.option norelax
	.option norvc
	.text

/* A local label of the window, so that each handler has its own. */
.macro RETURN window
	sd	x0, EXO_U_CAUSE(gp)
\window:
	ld	gp, EXO_U_PC(gp)
	jr	gp
.endm

/* The first instruction ends the interval; then skip the faulting one, which is 4 bytes long. */
	.globl	arrive_handler, arrive_window
arrive_handler:
	END(OP_EXC_TO_HANDLER)
	sd	t0, EXO_U_T0(gp)
	ld	t0, EXO_U_PC(gp)
	addi	t0, t0, 4
	sd	t0, EXO_U_PC(gp)
	ld	t0, EXO_U_T0(gp)
	RETURN	arrive_window

/* Make the page of the faulting address writable and try again. A call zeroes a1-a7 and t0-t6. */
	.globl	unprotect_handler, unprotect_window
unprotect_handler:
	sd	t0, EXO_U_T0(gp)
	sd	a0, SAVE + 0(gp)
	sd	a1, SAVE + 8(gp)
	sd	a2, SAVE + 16(gp)
	sd	a3, SAVE + 24(gp)
	sd	a4, SAVE + 32(gp)
	sd	a5, SAVE + 40(gp)
	sd	a6, SAVE + 48(gp)
	sd	a7, SAVE + 56(gp)
	sd	t1, SAVE + 64(gp)
	sd	t2, SAVE + 72(gp)
	sd	t3, SAVE + 80(gp)
	sd	t4, SAVE + 88(gp)
	sd	t5, SAVE + 96(gp)
	sd	t6, SAVE + 104(gp)
	ld	a0, EXO_U_TVAL(gp)
	srli	a0, a0, 12
	slli	a0, a0, 12
	li	a1, 1
	li	a2, READ_WRITE
	li	a3, 0
	li	a4, 0
	li	a7, -NR_PROTECT
	ecall
	ld	a0, SAVE + 0(gp)
	ld	a1, SAVE + 8(gp)
	ld	a2, SAVE + 16(gp)
	ld	a3, SAVE + 24(gp)
	ld	a4, SAVE + 32(gp)
	ld	a5, SAVE + 40(gp)
	ld	a6, SAVE + 48(gp)
	ld	a7, SAVE + 56(gp)
	ld	t1, SAVE + 64(gp)
	ld	t2, SAVE + 72(gp)
	ld	t3, SAVE + 80(gp)
	ld	t4, SAVE + 88(gp)
	ld	t5, SAVE + 96(gp)
	ld	t6, SAVE + 104(gp)
	ld	t0, EXO_U_T0(gp)
	RETURN	unprotect_window
