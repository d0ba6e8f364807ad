/* SPDX-License-Identifier: MIT
 * inline.h: the inline half of the contract on RISC-V.
 */
#ifndef ARCH_RISCV_INLINE_H
#define ARCH_RISCV_INLINE_H

#include "arch/riscv/csr.h"
#include "arch/riscv/frame.h"
#include "arch/riscv/pte.h"

static inline uint32_t
arch_hart(void)
{
	uint64_t sp;

	__asm__("mv %0, sp" : "=r"(sp));
	return (uint32_t)((sp - STACKS_BASE) / KERNEL_STACK_STRIDE);
}

register uint8_t *arch_tp __asm__("tp");

/* The environment that made the call or took the trap: tp, see frame.h. */
static inline struct arch_env *
arch_current(void)
{
	return (struct arch_env *)(arch_tp - ARCH_ENV_BYTES);
}

static inline uint64_t
arch_return_pc(void)
{
	return csr_read_sepc();
}

static inline uint64_t
arch_time(void)
{
	return csr_read_time();
}

static inline uint8_t
mmio_read8(uintptr_t address)
{
	return *(volatile uint8_t *)address;
}

static inline uint16_t
mmio_read16(uintptr_t address)
{
	return *(volatile uint16_t *)address;
}

static inline void
mmio_write8(uintptr_t address, uint8_t value)
{
	*(volatile uint8_t *)address = value;
}

static inline void
mmio_write16(uintptr_t address, uint16_t value)
{
	*(volatile uint16_t *)address = value;
}

static inline uint32_t
mmio_read32(uintptr_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void
mmio_write32(uintptr_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

/* RVWMO, I/O ordering: "fence" with i and o bits. */
static inline void
dma_write_barrier(void)
{
	__asm__ volatile("fence w, ow" ::: "memory");
}

static inline void
dma_read_barrier(void)
{
	__asm__ volatile("fence ir, r" ::: "memory");
}

static inline void
dma_question_barrier(void)
{
	__asm__ volatile("fence w, r" ::: "memory");
}

static inline uint32_t
arch_pending(void)
{
	uint64_t sip = csr_read_sip() & csr_read_sie();

	return (sip & SIP_SSIP ? ARCH_PENDING_IPI : 0) | (sip & SIP_STIP ? ARCH_PENDING_TIMER : 0) |
	       (sip & SIP_SEIP ? ARCH_PENDING_EXTERNAL : 0);
}

static inline bool
arch_is_pending(void)
{
	return (csr_read_sip() & csr_read_sie()) != 0;
}

static inline bool
arch_external_only(void)
{
	uint64_t sip = csr_read_sip() & csr_read_sie();

	return (sip & (SIP_SSIP | SIP_STIP | SIP_SEIP)) == SIP_SEIP;
}

/* Physical address of the first byte that DIRECT_BASE shows; set once by arch_boot. */
extern uint64_t arch_direct_start;

/* Fences of single addresses may miss on this machine; set at boot (tlb.c). */
extern bool arch_fence_pages_miss;

static inline void *
arch_ram(uint64_t physical)
{
	return (void *)(DIRECT_BASE + (physical - arch_direct_start));
}

static inline uint64_t
arch_physical(const void *memory)
{
	return (uint64_t)memory - DIRECT_BASE + arch_direct_start;
}

static inline void
arch_fence_page(uint64_t address)
{
	if (__builtin_expect(arch_fence_pages_miss, 0)) {
		sfence_vma_all();
	} else {
		sfence_vma_page(address);
	}
}

static inline void
arch_fence_exact(uint64_t address)
{
	sfence_vma_page(address);
}

static inline void
arch_fence_all(void)
{
	sfence_vma_all();
}

static inline bool
arch_has_jit(void)
{
	return true;
}

static inline void
arch_fence_i(void)
{
	fence_i();
}

#endif
