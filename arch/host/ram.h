/* SPDX-License-Identifier: MIT
 * ram.h: physical memory on a workstation: one array of the test's, at a physical address of its
 * choice.
 *
 * Addresses outside it end the test, so neither a kernel file nor a fake device can use one
 * unnoticed.
 */
#ifndef ARCH_HOST_RAM_H
#define ARCH_HOST_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on RAM is [address, address + bytes), found at `memory`. */
void host_ram_set(void *memory, uint64_t address, size_t bytes);

bool host_ram_contains(uint64_t physical, uint64_t bytes);
void *host_ram_at(uint64_t physical);
uint64_t host_ram_address(const void *memory);
/* How many pages of RAM lie before that of `physical`. */
uint64_t host_ram_index(uint64_t physical);

#endif
