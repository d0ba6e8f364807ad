/* SPDX-License-Identifier: MIT
 * inline.h: the inline half of the contract on a workstation. There is one hart and nothing to
 * fence; RAM is what host_ram_set() named.
 */
#ifndef ARCH_HOST_INLINE_H
#define ARCH_HOST_INLINE_H

#include "arch/host/ram.h"

static inline uint32_t
arch_hart(void)
{
	return 0;
}

static inline void *
arch_ram(uint64_t physical)
{
	return host_ram_at(physical);
}

static inline uint64_t
arch_physical(const void *memory)
{
	return host_ram_address(memory);
}

static inline void
arch_fence_page(uint64_t address)
{
	(void)address;
}

static inline void
arch_fence_all(void)
{
}

static inline void
arch_fence_i(void)
{
}

#endif
