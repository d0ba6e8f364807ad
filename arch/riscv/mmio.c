/* SPDX-License-Identifier: MIT
 * mmio.c: device registers and the barriers around them. RVWMO, I/O ordering: "fence" with i and o
 * bits.
 */
#include "arch/arch.h"

uint8_t
mmio_read8(uintptr_t address)
{
	return *(volatile uint8_t *)address;
}

uint16_t
mmio_read16(uintptr_t address)
{
	return *(volatile uint16_t *)address;
}

void
mmio_write8(uintptr_t address, uint8_t value)
{
	*(volatile uint8_t *)address = value;
}

void
mmio_write16(uintptr_t address, uint16_t value)
{
	*(volatile uint16_t *)address = value;
}

void
mmio_write32(uintptr_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

void
dma_write_barrier(void)
{
	__asm__ volatile("fence w, ow" ::: "memory");
}

void
dma_read_barrier(void)
{
	__asm__ volatile("fence ir, r" ::: "memory");
}
