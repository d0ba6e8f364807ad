/* SPDX-License-Identifier: MIT
 * tlb.c: what this machine's TLBs are like, and how one is made to forget.
 *
 * State:      what all harts have in common, written while they come up, one after the other.
 * Callers:    start-up; kern, through arch.h.
 * Priv. spec 4.1.11 (satp), 4.2.1 (SFENCE.VMA). SiFive's errata notice CIP-1200: on early U74 cores
 * SFENCE.VMA with an address may leave that address in the TLB.
 */
#include "arch/riscv/tlb.h"
#include "arch/arch.h"
#include "arch/riscv/sbi.h"

#define PAGES_MAX          16 /* beyond it one fence of everything is cheaper */
#define MARCHID_SIFIVE_7   0x8000000000000007ul
#define MARCHID_SIFIVE_U54 1ul
#define MIMPID_MASK        0xfffffful
#define MIMPID_LAST_BAD    0x200630ul
#define MIMPID_GOOD        0x1200626ul

bool arch_fence_pages_miss;

static struct {
	uint64_t asids_missing; /* bits of an identifier that some hart does not have */
} tlb;

/* Bits that stay 0 do not exist (Priv. spec 4.1.11); only the root decides what is translated, and
 * it stays the same. */
static uint64_t
asid_bits_missing(void)
{
	uint64_t satp = csr_read_satp();
	uint64_t kept;

	csr_write_satp(satp | SATP_ASID_MASK);
	kept = csr_read_satp();
	csr_write_satp(satp);
	sfence_vma_all();
	return ~kept & SATP_ASID_MASK;
}

static bool
is_cip_1200(void)
{
	uint64_t marchid = sbi_marchid();
	uint64_t mimpid = sbi_mimpid();

	return (marchid == MARCHID_SIFIVE_7 || marchid == MARCHID_SIFIVE_U54) &&
	       (mimpid & MIMPID_MASK) <= MIMPID_LAST_BAD && mimpid != MIMPID_GOOD;
}

void
tlb_init(void)
{
	tlb.asids_missing |= asid_bits_missing();
	arch_fence_pages_miss |= is_cip_1200();
}

uint32_t
arch_asid_bits(void)
{
	uint64_t missing = tlb.asids_missing / SATP_ASID(1);
	uint32_t bits = 0;

	while (bits < 16 && !(missing >> bits & 1)) {
		bits++;
	}
	return bits;
}

void
arch_fence_some(const struct arch_fence *f)
{
	if (!f->pages || f->pages > PAGES_MAX || arch_fence_pages_miss) {
		if (f->asid) {
			sfence_vma_asid(f->asid);
		} else {
			sfence_vma_all();
		}
		return;
	}
	for (uint64_t i = 0; i < f->pages; i++) {
		if (f->asid) {
			sfence_vma_page_asid(f->address + i * PAGE_SIZE, f->asid);
		} else {
			sfence_vma_page(f->address + i * PAGE_SIZE);
		}
	}
}
