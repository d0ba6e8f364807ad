/* SPDX-License-Identifier: MIT
 * csr.h: one inline function per control and status register and per fence that the kernel uses.
 * Names are the manual's (RISC-V Privileged Architecture 1.12).
 */
#ifndef ARCH_RISCV_CSR_H
#define ARCH_RISCV_CSR_H

#include <stdint.h>

#define CSR_READ(name)                                                                             \
	static inline uint64_t csr_read_##name(void)                                               \
	{                                                                                          \
		uint64_t value;                                                                    \
		__asm__ volatile("csrr %0, " #name : "=r"(value));                                 \
		return value;                                                                      \
	}
#define CSR_WRITE(name)                                                                            \
	static inline void csr_write_##name(uint64_t value)                                        \
	{                                                                                          \
		__asm__ volatile("csrw " #name ", %0" ::"r"(value) : "memory");                    \
	}
#define CSR_BITS(name)                                                                             \
	static inline void csr_set_##name(uint64_t bits)                                           \
	{                                                                                          \
		__asm__ volatile("csrs " #name ", %0" ::"r"(bits) : "memory");                     \
	}                                                                                          \
	static inline void csr_clear_##name(uint64_t bits)                                         \
	{                                                                                          \
		__asm__ volatile("csrc " #name ", %0" ::"r"(bits) : "memory");                     \
	}

CSR_READ(scause)
CSR_READ(sepc)
CSR_READ(stval)
CSR_READ(sstatus)
CSR_READ(sie)
CSR_READ(sip)
CSR_READ(satp)
CSR_READ(time)
CSR_WRITE(satp)
CSR_WRITE(sie)
CSR_WRITE(sepc)
CSR_WRITE(stvec)
CSR_WRITE(sscratch)
CSR_WRITE(sstatus)
CSR_WRITE(scounteren)
CSR_BITS(sstatus)
CSR_BITS(sie)
CSR_BITS(sip)

#define SIP_SSIP         (1ul << 1)
#define SIP_STIP         (1ul << 5)
#define SIP_SEIP         (1ul << 9)

#define SCAUSE_INTERRUPT (1ul << 63)
#define SCAUSE_TIMER     5ul

/* stimecmp (Sstc) by number: the assembler of Debian 12 does not know the name. */
static inline void
csr_write_stimecmp(uint64_t value)
{
	__asm__ volatile("csrw 0x14d, %0" ::"r"(value) : "memory");
}

static inline void
sfence_vma_all(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

static inline void
sfence_vma_page(uint64_t address)
{
	__asm__ volatile("sfence.vma %0, zero" ::"r"(address) : "memory");
}

static inline void
sfence_vma_asid(uint64_t asid)
{
	__asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
}

static inline void
sfence_vma_page_asid(uint64_t address, uint64_t asid)
{
	__asm__ volatile("sfence.vma %0, %1" ::"r"(address), "r"(asid) : "memory");
}

static inline void
fence_i(void)
{
	__asm__ volatile("fence.i" ::: "memory");
}

static inline void
wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

#endif
