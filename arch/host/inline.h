/* SPDX-License-Identifier: MIT
 * inline.h: the inline half of the contract on a workstation. Contexts and page-table entries are
 * those of RISC-V, as plain words; RAM is what host_ram_set() named; translations are remembered
 * by the model of arch/host/tlb.c until a fence. Whoever uses only memory and registers needs no
 * more than ram.c and mmio.c.
 */
#ifndef ARCH_HOST_INLINE_H
#define ARCH_HOST_INLINE_H

#include "arch/host/cpu.h"
#include "arch/host/mmio.h"
#include "arch/host/ram.h"
#include "arch/host/tlb.h"
#include "arch/riscv/frame.h"
#include "arch/riscv/pte.h"

static inline uint8_t
mmio_read8(uintptr_t address)
{
	return host_mmio_read8(address);
}

static inline uint16_t
mmio_read16(uintptr_t address)
{
	return host_mmio_read16(address);
}

static inline void
mmio_write8(uintptr_t address, uint8_t value)
{
	host_mmio_write8(address, value);
}

static inline void
mmio_write16(uintptr_t address, uint16_t value)
{
	host_mmio_write16(address, value);
}

static inline uint32_t
mmio_read32(uintptr_t address)
{
	return host_mmio_read32(address);
}

static inline void
mmio_write32(uintptr_t address, uint32_t value)
{
	host_mmio_write32(address, value);
}

/* One thread, and fake devices run inside register accesses: the compiler must only keep the order.
 */
static inline void
dma_write_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void
dma_read_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void
dma_question_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline uint64_t
arch_time(void)
{
	return host_time();
}

static inline uint32_t
arch_hart(void)
{
	return host_hart();
}

static inline uint32_t
arch_pending(void)
{
	return host_pending();
}

static inline bool
arch_is_pending(void)
{
	return arch_pending() != 0;
}

static inline bool
arch_external_only(void)
{
	return arch_pending() == ARCH_PENDING_EXTERNAL;
}

/* The environment whose call is being handled. */
static inline struct arch_env *
arch_current(void)
{
	return host_context(host_hart());
}

static inline uint64_t
arch_return_pc(void)
{
	return arch_current()->x[0];
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

#define arch_fence_pages_miss false

static inline void
arch_fence_page(uint64_t address)
{
	arch_fence_some(&(struct arch_fence){.address = address, .pages = 1});
}

static inline void
arch_fence_exact(uint64_t address)
{
	arch_fence_some(&(struct arch_fence){.address = address, .pages = 1});
}

static inline void
arch_fence_all(void)
{
	tlb_forget_all(host_hart());
}

static inline bool
arch_has_jit(void)
{
	return false;
}

static inline void
arch_fence_i(void)
{
	tlb_forget_instructions(host_hart());
}

#endif
