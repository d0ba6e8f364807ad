/* SPDX-License-Identifier: MIT
 * early.c: the first page tables, built before paging is on.
 *
 * Runs at physical addresses, so it may use no pointer that the linker stored and calls nothing.
 * It maps the image at KERNEL_BASE (4 KiB pages, W^X from the start) and 16 GiB of physical memory
 * from the GiB of the image on at DIRECT_BASE (RW, never executable); mmu.c replaces the latter by
 * the exact map. Priv. spec 4.4 (Sv39).
 */
#include "arch/riscv/early.h"
#include "arch/riscv/frame.h"
#include "arch/riscv/pte.h"

extern uint8_t text_end[], rodata_end[], image_end[], image_start[];

static uint64_t early_root[512] __attribute__((aligned(4096)));
static uint64_t early_level1[512] __attribute__((aligned(4096)));
static uint64_t early_level0[512] __attribute__((aligned(4096)));

uint64_t
early_tables(uint64_t load, uint64_t device_tree)
{
	uint64_t gib = 1ul << 30;
	uint64_t text = (uint64_t)text_end - (uint64_t)image_start;
	uint64_t rodata = (uint64_t)rodata_end - (uint64_t)image_start;
	uint64_t bytes = (uint64_t)image_end - (uint64_t)image_start;

	for (uint64_t at = 0; at < bytes; at += 4096) {
		uint64_t rights = at < text ? PTE_R | PTE_X : at < rodata ? PTE_R : PTE_R | PTE_W;
		early_level0[at >> 12] =
			pte_make(load + at, PTE_V | PTE_G | PTE_A | PTE_D | rights);
	}
	early_level1[0] = pte_make((uint64_t)early_level0, PTE_V);
	early_root[510] = pte_make((uint64_t)early_level1, PTE_V);
	for (uint64_t i = 0; i < DIRECT_GIB; i++) {
		early_root[256 + i] = pte_make((load & ~(gib - 1)) + i * gib,
					       PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D);
	}
	/* wherever the firmware put the tree: readable at EARLY_TREE_BASE + its offset in its GiB,
	 * two GiB of it */
	for (uint64_t i = 0; i < 2; i++) {
		early_root[300 + i] = pte_make((device_tree & ~(gib - 1)) + i * gib,
					       PTE_V | PTE_R | PTE_G | PTE_A | PTE_D);
	}
	return SATP_SV39 | (uint64_t)early_root >> 12;
}
