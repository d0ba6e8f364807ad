/* SPDX-License-Identifier: MIT
 * mmio.h: registers and time on a workstation: fake devices, and a clock that the test sets.
 */
#ifndef ARCH_HOST_MMIO_H
#define ARCH_HOST_MMIO_H

#include <stddef.h>
#include <stdint.h>

#define HOST_TIMEBASE_HZ 10000000ull

/* A fake device. `width` is 1, 2 or 4; `offset` is from base and aligned to width. */
struct mmio_device {
	uintptr_t base;
	size_t bytes;
	uint32_t (*read)(void *context, uintptr_t offset, unsigned width);
	void (*write)(void *context, uintptr_t offset, unsigned width, uint32_t value);
	void *context;
};

/* From now on accesses to the device's range reach it; elsewhere they end the test. */
void mmio_attach(const struct mmio_device *device);
void mmio_detach_all(void);

/* Behind mmio_read8() and so on. */
uint8_t host_mmio_read8(uintptr_t address);
uint16_t host_mmio_read16(uintptr_t address);
uint32_t host_mmio_read32(uintptr_t address);
void host_mmio_write8(uintptr_t address, uint8_t value);
void host_mmio_write16(uintptr_t address, uint16_t value);
void host_mmio_write32(uintptr_t address, uint32_t value);

/* Behind arch_time(). */
uint64_t host_time(void);
/* What arch_time() returns next; each call of it then advances the clock by `step`. */
void host_time_set(uint64_t ticks, uint64_t step);

#endif
