/* SPDX-License-Identifier: MIT
 * sifive_uart.c: a fake SiFive UART. FU540-C000 manual, chapter 13.
 */
#include "test/fake/sifive_uart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/mmio.h"

#define require(condition) ((condition) ? (void)0 : broke(#condition, __LINE__))

static void
broke(const char *what, int line)
{
	fprintf(stderr, "test/fake/sifive_uart.c:%d: the driver broke the rule: %s\n", line, what);
	abort();
}

static uint32_t
rxdata_read(struct fake_sifive_uart *u)
{
	if (!u->received) {
		return 1u << 31 | 0x77; /* the data bits mean nothing */
	}
	uint8_t byte = u->receiver[0];

	memmove(u->receiver, u->receiver + 1, --u->received);
	return byte;
}

static uint32_t
reg_read(void *context, uintptr_t offset, unsigned width)
{
	struct fake_sifive_uart *u = context;

	require(width == 4);
	switch (offset) {
	case 0x00:
		return u->waiting == FAKE_SIFIVE_FIFO ? 1u << 31 : 0;
	case 0x04:
		return rxdata_read(u);
	case 0x08:
		return u->txctrl;
	case 0x0c:
		return u->rxctrl;
	case 0x10:
		return u->ie;
	default:
		require(!"read of another register");
		return 0;
	}
}

static void
reg_write(void *context, uintptr_t offset, unsigned width, uint32_t value)
{
	struct fake_sifive_uart *u = context;

	require(width == 4);
	switch (offset) {
	case 0x00:
		require(u->waiting < FAKE_SIFIVE_FIFO && u->txctrl & 1 && value < 256);
		u->transmitter[u->waiting++] = (uint8_t)value;
		break;
	case 0x08:
		u->txctrl = value;
		break;
	case 0x0c:
		u->rxctrl = value;
		break;
	case 0x10:
		u->ie = value;
		break;
	default:
		require(!"write to another register");
	}
}

void
fake_sifive_uart_plug(struct fake_sifive_uart *u, struct device_resources *r)
{
	*u = (struct fake_sifive_uart){.txctrl = 3 | 5u << 16, .rxctrl = 7u << 16, .ie = 3};
	*r = (struct device_resources){
		.base = 0x10010000, .bytes = 0x1000, .irq = 4, .io_width = 1};
	mmio_detach_all();
	mmio_attach(&(struct mmio_device){
		.base = r->base,
		.bytes = 0x1c,
		.read = reg_read,
		.write = reg_write,
		.context = u,
	});
}

bool
fake_sifive_uart_arrive(struct fake_sifive_uart *u, uint8_t byte)
{
	if (!(u->rxctrl & 1) || u->received == FAKE_SIFIVE_FIFO) {
		return false;
	}
	u->receiver[u->received++] = byte;
	return true;
}

void
fake_sifive_uart_send(struct fake_sifive_uart *u, size_t bytes)
{
	for (; bytes && u->waiting; bytes--) {
		u->wire[u->wire_bytes++ % sizeof(u->wire)] = u->transmitter[0];
		memmove(u->transmitter, u->transmitter + 1, --u->waiting);
	}
}

bool
fake_sifive_uart_interrupt(const struct fake_sifive_uart *u)
{
	bool transmit = u->waiting < (u->txctrl >> 16 & 7);
	bool receive = u->received > (u->rxctrl >> 16 & 7);

	return (u->ie & 1 && transmit) || (u->ie & 2 && receive);
}
