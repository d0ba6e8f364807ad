/* SPDX-License-Identifier: MIT
 * pte.h: Sv39 page-table entries. Priv. spec 4.4.1.
 *
 *   63      54 53                     10 9   8 7 6 5 4 3 2 1 0
 *   | reserved | physical page number   | RSW | D A G U X W R V |
 */
#ifndef ARCH_RISCV_PTE_H
#define ARCH_RISCV_PTE_H

#include <stdint.h>

#define PTE_V          0x1ul
#define PTE_R          0x2ul
#define PTE_W          0x4ul
#define PTE_X          0x8ul
#define PTE_RWX        0xeul
#define PTE_U          0x10ul
#define PTE_G          0x20ul
#define PTE_A          0x40ul
#define PTE_D          0x80ul
#define PTE_RSW        0x300ul
#define PTE_PAGE_SHIFT 10
#define PTE_PAGE_MASK  0x003ffffffffffc00ul
#define SATP_SV39      (8ul << 60)
#define SATP_ASID(a)   ((uint64_t)(a) << 44)
#define SATP_ASID_MASK SATP_ASID(0xffff)

static inline uint64_t
pte_make(uint64_t physical, uint64_t bits)
{
	return physical >> 12 << PTE_PAGE_SHIFT | bits;
}

static inline uint64_t
pte_page(uint64_t pte)
{
	return (pte & PTE_PAGE_MASK) >> PTE_PAGE_SHIFT;
}

/* A valid entry without R, W, X points to the next table. */
static inline int
pte_is_table(uint64_t pte)
{
	return (pte & (PTE_V | PTE_RWX)) == PTE_V;
}

/* Above level 0: one that maps a megapage or a gigapage. */
static inline int
pte_is_large(uint64_t pte)
{
	return pte & PTE_V && pte & PTE_RWX;
}

#endif
