/* SPDX-License-Identifier: MIT
 * uart_sifive.c: the UART of SiFive's FU540 and FU740. The baud rate stays as the firmware left it.
 *
 * State:   none but struct uart.
 * Callers: with the console's lock held, interrupts off.
 * Spec:    SiFive FU540-C000 manual, chapter 13.
 */
#include "kern/dev/uart_sifive.h"

#include <exo/errors.h>

#include "lib/base/checked.h"

enum {
	TXDATA = 0x00,
	RXDATA = 0x04,
	TXCTRL = 0x08,
	RXCTRL = 0x0c,
	IE = 0x10,
	IP = 0x14,
	DIV = 0x18,
	REGISTER_BYTES = 0x1c,
};

#define TXDATA_FULL        (1u << 31)
#define RXDATA_EMPTY       (1u << 31)
#define CTRL_ENABLE        (1u << 0)
#define CTRL_WATERMARK     (7u << 16)
#define TXCTRL_WATERMARK_1 (1u << 16) /* pending while fewer than 1 byte waits to be sent */
#define IE_TXWM            (1u << 0)
#define IE_RXWM            (1u << 1) /* with watermark 0: pending while a byte waits to be read */

_Static_assert(sizeof(struct uart) <= DRIVER_STATE_BYTES, "driver state");

static size_t
sifive_put(struct uart *u, const char *text, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes && !(mmio_read32(u->base + TXDATA) & TXDATA_FULL); i++) {
		mmio_write32(u->base + TXDATA, (uint8_t)text[i]);
	}
	return i;
}

static int
sifive_get(struct uart *u)
{
	uint32_t data = mmio_read32(u->base + RXDATA);

	return data & RXDATA_EMPTY ? E_NOENT : (int)(data & 0xff);
}

static void
interrupt_switch(const struct uart *u, uint32_t source, bool on)
{
	uint32_t others = mmio_read32(u->base + IE) & (IE_TXWM | IE_RXWM) & ~source;

	mmio_write32(u->base + IE, others | (on ? source : 0));
}

static void
sifive_receive_interrupt(struct uart *u, bool on)
{
	interrupt_switch(u, IE_RXWM, on);
}

static void
sifive_transmit_interrupt(struct uart *u, bool on)
{
	interrupt_switch(u, IE_TXWM, on);
}

static const struct uart_ops sifive_ops = {
	.name = "sifive-uart",
	.put = sifive_put,
	.get = sifive_get,
	.receive_interrupt = sifive_receive_interrupt,
	.transmit_interrupt = sifive_transmit_interrupt,
};

/* Keeps what the firmware chose in a control register (stop bits), but for enable and watermark. */
static void
control_set(const struct uart *u, unsigned reg, uint32_t watermark)
{
	uint32_t kept = mmio_read32(u->base + reg) & ~CTRL_WATERMARK;

	mmio_write32(u->base + reg, kept | watermark | CTRL_ENABLE);
}

static int
sifive_probe(const struct device_resources *r, void *state, struct device *found)
{
	struct uart *u = state;

	if (r->bytes < REGISTER_BYTES || !is_aligned(r->base, 4)) {
		found->why = "reg is too small for this UART or not aligned";
		return E_INVAL;
	}
	*u = (struct uart){.ops = &sifive_ops, .base = r->base, .io_width = 4};
	mmio_write32(u->base + IE, 0);
	control_set(u, TXCTRL, TXCTRL_WATERMARK_1);
	control_set(u, RXCTRL, 0);
	found->uart = u;
	return 0;
}

static const char *const compatible[] = {
	"sifive,uart0",
	"sifive,fu540-c000-uart",
	"sifive,fu740-c000-uart",
	NULL,
};

const struct driver uart_sifive_driver = {
	.compatible = compatible,
	.class = DRIVER_UART,
	.probe = sifive_probe,
};
