/* SPDX-License-Identifier: MIT
 * tlb.h: what harts remember of page tables, on a workstation: a model that forgets only when it
 * is told to.
 *
 * Each hart keeps translations, tables of level 0 and fetched instructions, tagged with the ASID
 * only, as the hardware may (Priv. spec 4.2.1). tlb_stale() then says whether a hart can still
 * reach something through what it remembers that the tables in memory do not say any more.
 */
#ifndef ARCH_HOST_TLB_H
#define ARCH_HOST_TLB_H

#include <stdbool.h>
#include <stdint.h>

enum tlb_access { /* as the bits of a page-table entry */
		  TLB_LOAD = 0x2,
		  TLB_STORE = 0x4,
		  TLB_FETCH = 0x8,
};

/* Where the user address leads on `hart`: physical address, or 0 if the access faults. */
uint64_t tlb_translate(uint32_t hart, uint64_t address, enum tlb_access access);
/* A hart may look at any address of its own accord. */
void tlb_speculate(uint32_t hart, uint64_t address);

struct arch_fence;
void tlb_forget(uint32_t hart, const struct arch_fence *fence);
void tlb_forget_all(uint32_t hart);
void tlb_forget_instructions(uint32_t hart);

/* What the hart has in satp. */
uint64_t tlb_satp(uint32_t hart);

/* Remembered by a hart, within reach of the space it is in, and not what the tables say now. */
struct tlb_stale {
	uint64_t address;
	uint64_t page;  /* physical page number it leads to */
	uint64_t owner; /* what tlb_owner said of that page when it was remembered */
	bool table;     /* as a table */
};
/* The next one from *from on (start with 0); false: there is no further one. */
bool tlb_stale(uint32_t hart, uint32_t *from, struct tlb_stale *found);
/* Instructions of a page that the hart would fetch are those of an owner it does not have now. */
bool tlb_stale_instructions(uint32_t hart, uint64_t page);
/* Something that changes when the page changes hands. */
void tlb_owner_set(uint64_t (*owner)(uint64_t page));

#endif
