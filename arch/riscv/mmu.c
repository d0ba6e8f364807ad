/* SPDX-License-Identifier: MIT
 * mmu.c: the kernel's own address space: the upper half, the same in every space, global.
 *
 *   DIRECT_BASE   RAM, RW, never executable; text and rodata of the image read-only there too
 *   MMIO_BASE     device registers, handed out upwards (one GiB), a page without any after each
 *   STACKS_BASE   per hart a guard page, then its stack; behind the last one the probe page
 *   KERNEL_BASE   the image: text R-X, rodata R--, data RW-
 *
 * State: the kernel's root table and how far MMIO_BASE is used. Built once by the boot hart;
 * afterwards only arch_map_registers changes it, still at boot. Priv. spec 4.4 (Sv39).
 */
#include <exo/errors.h>
#include "arch/arch.h"
#include "arch/riscv/cpu.h"
#include "arch/riscv/early.h"
#include "arch/riscv/mmu.h"
#include "arch/riscv/pte.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define MEGAPAGE        (2ul << 20)
#define GIGAPAGE        (1ul << 30)
#define KERNEL_LEAF     (PTE_V | PTE_G | PTE_A | PTE_D)
#define ROOT_HALF       256
#define ROOT_ENTRIES    512
#define REGISTERS_ENTRY (MMIO_BASE >> 30 & 511) /* the lowest behind the direct map */
#define PROBE_PAGE      (STACKS_BASE + CONFIG_MAX_HARTS * KERNEL_STACK_STRIDE)

extern uint8_t image_start[], text_end[], rodata_end[], image_end[];

uint64_t arch_direct_start;

static struct {
	uint64_t root[512] __attribute__((aligned(4096)));
	uint64_t load;      /* physical address of the image */
	uint64_t mmio_used; /* bytes handed out at MMIO_BASE */
	arch_page_source pages;
	bool lacks_ad; /* some hart does not set accessed and dirty bits */
} mmu;

void
mmu_init(uint64_t load)
{
	mmu.load = load;
	arch_direct_start = align_down_u64(load, GIGAPAGE);
}

uint64_t
mmu_satp(void)
{
	return SATP_SV39 | mmu_image_physical(mmu.root) >> PAGE_SHIFT;
}

uint64_t
mmu_image_physical(const void *symbol)
{
	return (uint64_t)symbol - (uint64_t)image_start + mmu.load;
}

/* The table below `entry`, made if there is none. */
static uint64_t *
table_below(uint64_t *entry)
{
	if (!(*entry & PTE_V)) {
		struct paddr page = mmu.pages();

		*entry = pte_make(page.value, PTE_V);
	}
	return arch_ram(pte_page(*entry) << PAGE_SHIFT);
}

static uint64_t *
entry_of(uint64_t address)
{
	uint64_t *level1 = table_below(&mmu.root[address >> 30 & 511]);
	uint64_t *level0 = table_below(&level1[address >> 21 & 511]);

	return &level0[address >> 12 & 511];
}

static void
map_page(uint64_t address, uint64_t physical, uint64_t rights)
{
	*entry_of(address) = pte_make(physical, KERNEL_LEAF | rights);
}

static void
map_megapage(uint64_t address, uint64_t physical, uint64_t rights)
{
	uint64_t *level1 = table_below(&mmu.root[address >> 30 & 511]);

	level1[address >> 21 & 511] = pte_make(physical, KERNEL_LEAF | rights);
}

static void
map_image(void)
{
	for (uint8_t *at = image_start; at < image_end; at += PAGE_SIZE) {
		uint64_t rights = at < text_end     ? PTE_R | PTE_X
				  : at < rodata_end ? PTE_R
						    : PTE_R | PTE_W;

		map_page((uint64_t)at, mmu_image_physical(at), rights);
	}
}

static void
map_direct(uint64_t start, uint64_t bytes)
{
	uint64_t image = mmu.load;
	uint64_t read_only = mmu_image_physical(rodata_end);

	for (uint64_t at = align_down_u64(start, MEGAPAGE); at < start + bytes; at += MEGAPAGE) {
		uint64_t address = (uint64_t)arch_ram(at);

		if (at + MEGAPAGE <= image || at >= read_only) {
			map_megapage(address, at, PTE_R | PTE_W);
			continue;
		}
		for (uint64_t page = at; page < at + MEGAPAGE; page += PAGE_SIZE) {
			bool constant = page >= image && page < read_only;

			map_page(address + (page - at), page, constant ? PTE_R : PTE_R | PTE_W);
		}
	}
}

/* A megapage of the direct map becomes pages with its rights. */
static void
split_megapage(uint64_t *entry, uint64_t address)
{
	uint64_t physical = pte_page(*entry) << PAGE_SHIFT;
	struct paddr table = mmu.pages();
	uint64_t *level0 = arch_ram(table.value);

	for (uint64_t at = 0; at < MEGAPAGE; at += PAGE_SIZE) {
		level0[at >> PAGE_SHIFT] = pte_make(physical + at, KERNEL_LEAF | PTE_R | PTE_W);
	}
	*entry = pte_make(table.value, PTE_V);
	arch_fence_page(address);
}

void
arch_code_area(void *memory, uint64_t pages)
{
	uint64_t end = (uint64_t)memory + (pages << PAGE_SHIFT);

	for (uint64_t at = align_down_u64((uint64_t)memory, MEGAPAGE); at < end; at += MEGAPAGE) {
		uint64_t *level1 = table_below(&mmu.root[at >> 30 & 511]);
		uint64_t *entry = &level1[at >> 21 & 511];

		if (*entry & (PTE_R | PTE_W | PTE_X)) {
			split_megapage(entry, at);
		}
	}
	sfence_vma_all();
}

void
arch_code_seal(void *page, bool is_sealed)
{
	uint64_t *entry = entry_of((uint64_t)page);

	*(volatile uint64_t *)entry =
		pte_make(arch_physical(page), KERNEL_LEAF | PTE_R | (is_sealed ? PTE_X : PTE_W));
}

static void
map_stacks(uint32_t harts)
{
	for (uint32_t i = 0; i < harts; i++) {
		uint64_t end = STACKS_BASE + (i + 1ul) * KERNEL_STACK_STRIDE;

		for (uint32_t page = 1; page <= KERNEL_STACK_PAGES; page++) {
			map_page(end - page * PAGE_SIZE, mmu.pages().value, PTE_R | PTE_W);
		}
	}
}

/* Boot brings one hart up after the other, so they do not disturb each other here. */
void
mmu_probe_ad(void)
{
	uint64_t *entry = entry_of(PROBE_PAGE);

	*entry &= ~(PTE_A | PTE_D);
	sfence_vma_all();
	if (!cpu_probe_store(PROBE_PAGE) || ~*(volatile uint64_t *)entry & (PTE_A | PTE_D)) {
		mmu.lacks_ad = true;
	}
}

bool
arch_has_ad(void)
{
	return !mmu.lacks_ad;
}

void
arch_map_kernel(uint64_t ram_start, uint64_t ram_bytes, uint32_t harts, arch_page_source pages)
{
	mmu.pages = pages;
	map_image();
	map_direct(ram_start, ram_bytes);
	map_stacks(harts);
	map_page(PROBE_PAGE, pages().value, PTE_R | PTE_W);
	table_below(&mmu.root[MMIO_BASE >> 30 & 511]); /* so that every later root has it */
	csr_write_satp(mmu_satp());
	sfence_vma_all();
	mmu_probe_ad();
}

uintptr_t
arch_map_registers(uint64_t physical, uint64_t bytes)
{
	/* large ones stand on a megapage as they do physically: few tables */
	uint64_t unit = bytes >= MEGAPAGE ? MEGAPAGE : PAGE_SIZE;
	uint64_t at = MMIO_BASE + align_up_u64(mmu.mmio_used, unit) + (physical & (unit - 1));
	uint64_t from = align_down_u64(physical, PAGE_SIZE);
	uint64_t used = at - MMIO_BASE;

	if (!bytes || physical >> 55 || used > GIGAPAGE || bytes > GIGAPAGE - used - PAGE_SIZE) {
		return 0;
	}
	for (uint64_t page = align_down_u64(at, PAGE_SIZE); page < at + bytes;) {
		bool mega = ((page | from) & (MEGAPAGE - 1)) == 0 && at + bytes - page >= MEGAPAGE;

		(mega ? map_megapage : map_page)(page, from, PTE_R | PTE_W);
		page += mega ? MEGAPAGE : PAGE_SIZE;
		from += mega ? MEGAPAGE : PAGE_SIZE;
	}
	mmu.mmio_used = align_up_u64(used + bytes, PAGE_SIZE) + PAGE_SIZE;
	sfence_vma_all();
	return cpu_probe_registers(at) ? at : 0;
}

void
arch_root_init(uint64_t *root)
{
	arch_page_clear(root);
	/* between the direct map and the registers there is nothing */
#pragma GCC unroll 16
	for (uint32_t i = ROOT_HALF; i < ROOT_HALF + DIRECT_GIB; i++) {
		root[i] = mmu.root[i];
	}
#pragma GCC unroll 8
	for (uint32_t i = REGISTERS_ENTRY; i < ROOT_ENTRIES; i++) {
		root[i] = mmu.root[i];
	}
}

int
arch_copy_in(void *to, struct uaddr from, size_t bytes)
{
	if (!range_within(from.value, bytes, EXO_USER_END)) {
		return E_FAULT;
	}
	return user_copy_in(to, from.value, bytes) ? E_FAULT : 0;
}

int
arch_copy_out(struct uaddr to, const void *from, size_t bytes)
{
	if (!range_within(to.value, bytes, EXO_USER_END)) {
		return E_FAULT;
	}
	return user_copy_out(to.value, from, bytes) ? E_FAULT : 0;
}
