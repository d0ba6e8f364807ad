/* SPDX-License-Identifier: MIT
 * uart.h: what a console device can do. No call waits: put and get say at once what the device took
 * or had.
 */
#ifndef KERN_DEV_UART_H
#define KERN_DEV_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uart;

struct uart_ops {
	const char *name;
	/* Put bytes into the transmitter until it is full; returns how many. */
	size_t (*put)(struct uart *u, const char *text, size_t bytes);
	/* Take one received byte (0..255) or E_NOENT. */
	int (*get)(struct uart *u);
	/* Ask for an interrupt while bytes are waiting to be read / while the transmitter has room.
	 */
	void (*receive_interrupt)(struct uart *u, bool on);
	void (*transmit_interrupt)(struct uart *u, bool on);
};

struct uart {
	const struct uart_ops *ops;
	uintptr_t base;     /* registers, as the kernel sees them */
	uint32_t reg_shift; /* ns16550: registers are 1 << reg_shift bytes apart */
	uint32_t io_width;  /* and accessed with this many bytes (1, 2, 4) */
};

#endif
