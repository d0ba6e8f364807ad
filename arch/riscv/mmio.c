/* SPDX-License-Identifier: MIT
 * mmio.c: device registers of the widths that are seldom used; see inline.h for the rest.
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
