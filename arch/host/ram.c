/* SPDX-License-Identifier: MIT
 * ram.c: physical memory on a workstation. One array; addresses outside it end the test.
 */
#include "arch/host/ram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "lib/base/checked.h"

static struct {
	uint8_t *memory;
	uint64_t address;
	size_t bytes;
} ram;

void
host_ram_set(void *memory, uint64_t address, size_t bytes)
{
	ram.memory = memory;
	ram.address = address;
	ram.bytes = bytes;
}

bool
host_ram_contains(uint64_t physical, uint64_t bytes)
{
	return physical >= ram.address && range_within(physical - ram.address, bytes, ram.bytes);
}

/* The end of RAM has an address too. */
void *
host_ram_at(uint64_t physical)
{
	if (!host_ram_contains(physical, 0)) {
		fprintf(stderr, "no RAM at %#llx\n", (unsigned long long)physical);
		abort();
	}
	return ram.memory + (physical - ram.address);
}

uint64_t
host_ram_address(const void *memory)
{
	uintptr_t offset = (uintptr_t)memory - (uintptr_t)ram.memory;

	if (offset > ram.bytes) {
		fprintf(stderr, "%p is not in RAM\n", memory);
		abort();
	}
	return ram.address + offset;
}

uint64_t
host_ram_index(uint64_t physical)
{
	return (physical - ram.address) >> 12;
}

void
arch_page_clear(void *page)
{
	memset(page, 0, PAGE_SIZE);
}
