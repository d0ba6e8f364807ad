/* SPDX-License-Identifier: MIT
 * uart_ns16550.c: the 16550A, with registers at any distance and width (reg-shift, reg-io-width).
 *
 * Baud rate and frame format stay as the firmware left them: LCR is never written, so a DesignWare
 * UART, which raises an interrupt when LCR is written while it is busy, behaves like the original.
 * State:   a byte saved while the FIFOs were switched on; how many bytes the transmitter still
 *          takes; which interrupts are on.
 * Invariant: `room` bytes fit into the transmit FIFO as long as nobody else (firmware) writes to it
 *          meanwhile.
 * Callers: with the console's lock held, interrupts off. Spec: PC16550D data sheet, section 8.
 */
#include "kern/dev/uart_ns16550.h"

#include <exo/errors.h>

#include "lib/base/checked.h"

enum {
	RBR = 0, /* read: received byte */
	THR = 0, /* write: byte to send */
	IER = 1,
	IIR = 2, /* read */
	FCR = 2, /* write */
	LSR = 5,
	REGISTERS = 8,
};

#define IER_RECEIVED           0x01u
#define IER_TRANSMITTER_EMPTY  0x02u
#define IIR_FIFOS_ENABLED      0xc0u
#define FCR_ENABLE             0x01u /* receive trigger level 1; nothing is cleared */
#define LSR_DATA_READY         0x01u
#define LSR_THR_EMPTY          0x20u
#define LSR_ALL_SENT           0x40u

#define FIFO_BYTES             16u
#define REG_SHIFT_MAX          4u
#define DRAIN_LIMIT_PER_SECOND 20u /* wait at most 1/20 s: 16 bytes at 9600 baud take 17 ms */

struct uart_ns16550 {
	struct uart uart;
	int saved; /* byte that arrived before the FIFOs were on, or E_NOENT */
	uint32_t fifo_bytes;
	uint32_t room;
	uint8_t sources; /* of interrupts that are on: IER */
};
_Static_assert(sizeof(struct uart_ns16550) <= DRIVER_STATE_BYTES, "driver state");

static uint32_t
reg_read(const struct uart *u, unsigned reg)
{
	uintptr_t at = u->base + ((uintptr_t)reg << u->reg_shift);

	switch (u->io_width) {
	case 4:
		return mmio_read32(at);
	case 2:
		return mmio_read16(at);
	default:
		return mmio_read8(at);
	}
}

static void
reg_write(const struct uart *u, unsigned reg, uint8_t value)
{
	uintptr_t at = u->base + ((uintptr_t)reg << u->reg_shift);

	switch (u->io_width) {
	case 4:
		mmio_write32(at, value);
		break;
	case 2:
		mmio_write16(at, value);
		break;
	default:
		mmio_write8(at, value);
		break;
	}
}

static void
interrupt_switch(struct uart *u, uint8_t source, bool on)
{
	struct uart_ns16550 *n = container_of(u, struct uart_ns16550, uart);
	uint8_t sources = (uint8_t)((n->sources & ~source) | (on ? source : 0));

	if (sources != n->sources) {
		n->sources = sources;
		reg_write(u, IER, sources);
	}
}

/* The transmitter takes them all. A loop for each width: this is a good part of what an interrupt
 * takes. */
static void
transmit(const struct uart *u, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	_Static_assert(THR == 0, "no shift");
	switch (u->io_width) {
	case 4:
		while (text < end) {
			mmio_write32(u->base, (uint8_t)*text++);
		}
		break;
	case 2:
		while (text < end) {
			mmio_write16(u->base, (uint8_t)*text++);
		}
		break;
	default:
		while (text < end) {
			mmio_write8(u->base, (uint8_t)*text++);
		}
	}
}

static size_t
ns16550_put(struct uart *u, const char *text, size_t bytes)
{
	struct uart_ns16550 *n = container_of(u, struct uart_ns16550, uart);

	if (!n->room && reg_read(u, LSR) & LSR_THR_EMPTY) {
		n->room = n->fifo_bytes;
	}
	bytes = bytes < n->room ? bytes : n->room;
	transmit(u, text, bytes);
	n->room -= (uint32_t)bytes;
	return bytes;
}

static int
ns16550_get(struct uart *u)
{
	struct uart_ns16550 *n = container_of(u, struct uart_ns16550, uart);
	int saved = n->saved;

	if (saved >= 0) {
		n->saved = E_NOENT;
		return saved;
	}
	if (!(reg_read(u, LSR) & LSR_DATA_READY)) {
		return E_NOENT;
	}
	return (int)(reg_read(u, RBR) & 0xff);
}

static void
ns16550_receive_interrupt(struct uart *u, bool on)
{
	interrupt_switch(u, IER_RECEIVED, on);
}

static void
ns16550_transmit_interrupt(struct uart *u, bool on)
{
	interrupt_switch(u, IER_TRANSMITTER_EMPTY, on);
}

static const struct uart_ops ns16550_ops = {
	.name = "ns16550",
	.put = ns16550_put,
	.get = ns16550_get,
	.receive_interrupt = ns16550_receive_interrupt,
	.transmit_interrupt = ns16550_transmit_interrupt,
};

/* Switching the FIFOs on empties them and the holding registers (8.4), so what the firmware has not
 * sent yet is awaited and what came in is kept. FIFOs that are on already are left as they are. */
static void
fifos_enable(struct uart_ns16550 *n)
{
	const struct uart *u = &n->uart;
	uint64_t start = arch_time();
	uint64_t limit = arch_timebase_hz() / DRAIN_LIMIT_PER_SECOND;

	if ((reg_read(u, IIR) & IIR_FIFOS_ENABLED) != IIR_FIFOS_ENABLED) {
		while (!(reg_read(u, LSR) & LSR_ALL_SENT) && arch_time() - start < limit) {
		}
		n->saved = ns16550_get(&n->uart);
	}
	reg_write(u, FCR, FCR_ENABLE);
	n->fifo_bytes =
		(reg_read(u, IIR) & IIR_FIFOS_ENABLED) == IIR_FIFOS_ENABLED ? FIFO_BYTES : 1;
}

static bool
resources_possible(const struct device_resources *r)
{
	return r->reg_shift <= REG_SHIFT_MAX &&
	       (r->io_width == 1 || r->io_width == 2 || r->io_width == 4) &&
	       r->bytes >= ((uint64_t)(REGISTERS - 1) << r->reg_shift) + r->io_width &&
	       is_aligned(r->base, r->io_width) && r->io_width <= 1u << r->reg_shift;
}

static int
ns16550_probe(const struct device_resources *r, void *state, struct device *found)
{
	struct uart_ns16550 *n = state;

	if (!resources_possible(r)) {
		found->why = "reg, reg-shift and reg-io-width do not fit together";
		return E_INVAL;
	}
	n->uart = (struct uart){
		.ops = &ns16550_ops,
		.base = r->base,
		.reg_shift = r->reg_shift,
		.io_width = r->io_width,
	};
	n->saved = E_NOENT;
	n->sources = 0;
	reg_write(&n->uart, IER, n->sources);
	fifos_enable(n);
	found->uart = &n->uart;
	return 0;
}

static const char *const compatible[] = {
	"ns16550a", "snps,dw-apb-uart", "starfive,jh7110-uart", "ns16550", NULL,
};

const struct driver uart_ns16550_driver = {
	.compatible = compatible,
	.class = DRIVER_UART,
	.probe = ns16550_probe,
};
