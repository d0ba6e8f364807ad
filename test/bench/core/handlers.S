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

/* A call zeroes a1-a7 and t0-t6 and returns in a0. */
.macro EACH op
	\op	a0, SAVE + 0(gp)
	\op	a1, SAVE + 8(gp)
	\op	a2, SAVE + 16(gp)
	\op	a3, SAVE + 24(gp)
	\op	a4, SAVE + 32(gp)
	\op	a5, SAVE + 40(gp)
	\op	a6, SAVE + 48(gp)
	\op	a7, SAVE + 56(gp)
	\op	t1, SAVE + 64(gp)
	\op	t2, SAVE + 72(gp)
	\op	t3, SAVE + 80(gp)
	\op	t4, SAVE + 88(gp)
	\op	t5, SAVE + 96(gp)
	\op	t6, SAVE + 104(gp)
	\op	t0, EXO_U_T0(gp)
.endm

/* exo_protect(a0, 1, rights, NULL, EXO_NONE); a3 and a4 are 0 after another call. */
.macro PROTECT rights
	li	a1, 1
	li	a2, \rights
	li	a7, -NR_PROTECT
	ecall
.endm

/* Make the page of the faulting address writable and try again. */
	.globl	unprotect_handler, unprotect_window
unprotect_handler:
	EACH	sd
	ld	a0, EXO_U_TVAL(gp)
	srli	a0, a0, 12
	slli	a0, a0, 12
	li	a3, 0
	li	a4, 0
	PROTECT	READ_WRITE
	EACH	ld
	RETURN	unprotect_window

/* Appel and Li's first: protect the page that was opened last, open the one of the faulting
 * address and try again. */
	.globl	appel_handler, appel_window
appel_handler:
	EACH	sd
	ld	a0, OPEN(gp)
	li	a3, 0
	li	a4, 0
	PROTECT	READ
	ld	a0, EXO_U_TVAL(gp)
	srli	a0, a0, 12
	slli	a0, a0, 12
	sd	a0, OPEN(gp)
	PROTECT	READ_WRITE
	EACH	ld
	RETURN	appel_window
