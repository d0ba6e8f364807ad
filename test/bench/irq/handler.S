/* SPDX-License-Identifier: MIT
 * handler.S: where the interrupt's event enters the program of irq.c.
 */
#include "test/bench/ops.h"

	.text
	.balign	4
	.globl	arrive_event
arrive_event:
	END(OP_IRQ_TO_USER)
	lla	t0, exo_event_entry	/* t0 is free: resume restores it */
	jr	t0
