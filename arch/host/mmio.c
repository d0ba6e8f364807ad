/* SPDX-License-Identifier: MIT
 * mmio.c: the register and time part of the contract on a workstation.
 *
 * State: the fake devices attached, and the clock. An access that no device claims, crosses a
 * device's end or is not aligned ends the test, as it would trap on a board.
 */
#include "arch/host/mmio.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "lib/base/checked.h"

#define DEVICES_MAX 8

static struct {
	struct mmio_device devices[DEVICES_MAX];
	unsigned count;
	uint64_t now;
	uint64_t step;
} host = {.step = 100};

void
mmio_attach(const struct mmio_device *device)
{
	if (host.count == DEVICES_MAX) {
		fprintf(stderr, "too many fake devices\n");
		abort();
	}
	host.devices[host.count++] = *device;
}

void
mmio_detach_all(void)
{
	host.count = 0;
}

void
host_time_set(uint64_t ticks, uint64_t step)
{
	host.now = ticks;
	host.step = step;
}

static const struct mmio_device *
device_at(uintptr_t address, unsigned width)
{
	for (unsigned i = 0; i < host.count; i++) {
		const struct mmio_device *d = &host.devices[i];

		if (address >= d->base && range_within(address - d->base, width, d->bytes) &&
		    is_aligned(address, width)) {
			return d;
		}
	}
	fprintf(stderr, "access of %u bytes to %#lx, where no device is\n", width,
		(unsigned long)address);
	abort();
}

static uint32_t
device_read(uintptr_t address, unsigned width)
{
	const struct mmio_device *d = device_at(address, width);

	return d->read(d->context, address - d->base, width);
}

static void
device_write(uintptr_t address, unsigned width, uint32_t value)
{
	const struct mmio_device *d = device_at(address, width);

	d->write(d->context, address - d->base, width, value);
}

uint8_t
host_mmio_read8(uintptr_t address)
{
	return (uint8_t)device_read(address, 1);
}

uint16_t
host_mmio_read16(uintptr_t address)
{
	return (uint16_t)device_read(address, 2);
}

uint32_t
host_mmio_read32(uintptr_t address)
{
	return device_read(address, 4);
}

void
host_mmio_write8(uintptr_t address, uint8_t value)
{
	device_write(address, 1, value);
}

void
host_mmio_write16(uintptr_t address, uint16_t value)
{
	device_write(address, 2, value);
}

void
host_mmio_write32(uintptr_t address, uint32_t value)
{
	device_write(address, 4, value);
}

uint64_t
host_time(void)
{
	uint64_t now = host.now;

	host.now += host.step;
	return now;
}

uint64_t
arch_timebase_hz(void)
{
	return HOST_TIMEBASE_HZ;
}
