/* SPDX-License-Identifier: MIT
 * ns16550.c: a fake 16550A. PC16550D data sheet, section 8.
 */
#include "test/fake/ns16550.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/mmio.h"

#define require(condition) ((condition) ? (void)0 : broke(#condition, __LINE__))

static void
broke(const char *what, int line)
{
	fprintf(stderr, "test/fake/ns16550.c:%d: the driver broke the rule: %s\n", line, what);
	abort();
}

static size_t
depth(const struct fake_ns16550 *u)
{
	return u->fifos_on ? 16 : 1;
}

static uint8_t
fifo_take(struct fake_fifo *f)
{
	uint8_t byte = f->count ? f->bytes[0] : 0;

	if (f->count) {
		memmove(f->bytes, f->bytes + 1, --f->count);
	}
	return byte;
}

static uint8_t
lsr(struct fake_ns16550 *u)
{
	if (u->polls_per_byte && ++u->polls % u->polls_per_byte == 0) {
		fake_ns16550_send(u, 1);
	}
	return (uint8_t)((u->receiver.count ? 0x01 : 0) | (u->transmitter.count ? 0 : 0x60));
}

static unsigned
reg_of(const struct fake_ns16550 *u, uintptr_t offset, unsigned width)
{
	require(width == u->io_width && offset % (1ul << u->reg_shift) == 0);
	return (unsigned)(offset >> u->reg_shift);
}

static uint32_t
reg_read(void *context, uintptr_t offset, unsigned width)
{
	struct fake_ns16550 *u = context;
	uint32_t noise = u->io_width == 1 ? 0 : 0xa500; /* upper bytes mean nothing */

	switch (reg_of(u, offset, width)) {
	case 0:
		return noise | fifo_take(&u->receiver);
	case 1:
		return noise | u->ier;
	case 2:
		return noise | (u->fifos_on ? 0xc1u : 0x01u);
	case 5:
		return noise | lsr(u);
	default:
		require(!"read of another register");
		return 0;
	}
}

static void
fcr_write(struct fake_ns16550 *u, uint32_t value)
{
	bool on = value & 1;

	if (!u->has_fifos) {
		return;
	}
	if (on != u->fifos_on || value & 2) {
		u->receiver.count = 0;
	}
	if (on != u->fifos_on || value & 4) {
		u->transmitter.count = 0;
	}
	u->fifos_on = on;
}

static void
reg_write(void *context, uintptr_t offset, unsigned width, uint32_t value)
{
	struct fake_ns16550 *u = context;

	switch (reg_of(u, offset, width)) {
	case 0:
		require(u->transmitter.count < depth(u));
		u->transmitter.bytes[u->transmitter.count++] = (uint8_t)value;
		break;
	case 1:
		require(!(value & ~3u));
		u->ier = (uint8_t)value;
		break;
	case 2:
		fcr_write(u, value);
		break;
	default:
		require(!"write to another register");
	}
}

void
fake_ns16550_plug(struct fake_ns16550 *u, uint32_t reg_shift, uint32_t io_width,
		  struct device_resources *r)
{
	*u = (struct fake_ns16550){
		.reg_shift = reg_shift, .io_width = io_width, .has_fifos = true, .ier = 3};
	*r = (struct device_resources){
		.base = 0x10000000,
		.bytes = (7ul << reg_shift) + io_width,
		.irq = 10,
		.reg_shift = reg_shift,
		.io_width = io_width,
	};
	host_time_set(0, 100);
	mmio_detach_all();
	mmio_attach(&(struct mmio_device){
		.base = r->base,
		.bytes = r->bytes,
		.read = reg_read,
		.write = reg_write,
		.context = u,
	});
}

bool
fake_ns16550_arrive(struct fake_ns16550 *u, uint8_t byte)
{
	if (u->receiver.count == depth(u)) {
		return false;
	}
	u->receiver.bytes[u->receiver.count++] = byte;
	return true;
}

void
fake_ns16550_send(struct fake_ns16550 *u, size_t bytes)
{
	while (bytes-- && u->transmitter.count) {
		u->wire[u->wire_bytes++ % sizeof(u->wire)] = fifo_take(&u->transmitter);
	}
}

bool
fake_ns16550_interrupt(const struct fake_ns16550 *u)
{
	return (u->ier & 1 && u->receiver.count) || (u->ier & 2 && !u->transmitter.count);
}
