/* SPDX-License-Identifier: MIT
 * ns16550.h: a 16550A for tests: FIFOs that empty when switched, interrupts, any register distance
 * and width.
 *
 * A write to LCR, an access of the wrong width or between registers, or a byte put into a full
 * transmitter aborts the test.
 */
#ifndef TEST_FAKE_NS16550_H
#define TEST_FAKE_NS16550_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/dev/drivers.h"

struct fake_fifo {
	uint8_t bytes[64];
	size_t count;
};

struct fake_ns16550 {
	uint32_t reg_shift;
	uint32_t io_width;
	bool has_fifos; /* false: a plain 16550 or 8250, FCR is ignored */
	bool fifos_on;
	uint8_t ier;
	struct fake_fifo receiver;
	struct fake_fifo transmitter;
	uint8_t wire[4096]; /* what was sent */
	size_t wire_bytes;
	unsigned polls_per_byte; /* a byte leaves at every n-th read of LSR; 0: none by itself */
	unsigned polls;
};

void fake_ns16550_plug(struct fake_ns16550 *u, uint32_t reg_shift, uint32_t io_width,
		       struct device_resources *r);

/* A byte arrives; false if the receiver is full (the byte is lost). */
bool fake_ns16550_arrive(struct fake_ns16550 *u, uint8_t byte);

/* Up to `bytes` bytes leave the transmitter. */
void fake_ns16550_send(struct fake_ns16550 *u, size_t bytes);

/* The interrupt line. */
bool fake_ns16550_interrupt(const struct fake_ns16550 *u);

#endif
