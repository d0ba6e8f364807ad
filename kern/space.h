/* SPDX-License-Identifier: MIT
 * space.h: address spaces: bind a frame to an address, and undo it.
 *
 * A page table is a pair of frames: the hardware's table, then the links of each entry's binding
 * (kern/cap.h). The root's upper half is the kernel's, so the upper half of its second frame is
 * free: struct space stands there.
 */
#ifndef KERN_SPACE_H
#define KERN_SPACE_H

#include <stdint.h>
#include "kern/cap.h"
#include "kern/kernel.h"

struct space {
	uint64_t satp;
	uint64_t asid;   /* 0: none of its own */
	uint64_t harts;  /* atomic: harts that have had it in satp */
	uint64_t shares; /* atomic: not 0: tables of it may hang elsewhere as well, see table.c */
	/* the level 0 table used last, and what it translates: (address >> 21) + kernel.tables.
	 * Tree lock */
	uint64_t last_key;
	uint64_t *last_table;
	uint16_t *last_valid; /* table_valid of it */
	uint32_t last_id;     /* binding id of its first entry */
	uint32_t spare_id;
	uint64_t spare[248];
};
_Static_assert(sizeof(struct space) == 2048, "half a frame");

/* The space whose root table is the page `page` (an object of type SPACE). */
static inline struct space *
space_at(uint64_t page)
{
	return (struct space *)((uint8_t *)arch_ram(page << PAGE_SHIFT) + 4096 + 2048);
}

static inline uint64_t *
space_root(struct space *s)
{
	return (uint64_t *)((uint8_t *)s - 4096 - 2048);
}

/* Once it is known which harts there are. */
void space_boot(struct kernel *k);
void space_init(struct kernel *k, struct space *s, bool is_empty);
/* It has come apart. */
void space_end(struct kernel *k, struct space *s);

/* Hart `hart`, this one, is about to have `s` in satp. The first time it forgets what it may know
 * of an earlier space with this identifier. */
static inline void
space_enter(struct kernel *k, struct space *s, uint32_t hart)
{
	if (__atomic_load_n(&s->harts, __ATOMIC_RELAXED) >> hart & 1) {
		return;
	}
	__atomic_fetch_or(&s->harts, 1ul << hart, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->shares, __ATOMIC_RELAXED)) {
		__atomic_fetch_or(&k->sharing_harts, 1ul << hart, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	arch_fence_some(&(struct arch_fence){.asid = (uint32_t)s->asid});
}

/* What of an entry that maps is the caller's to choose. */
#define SPACE_BITS (PTE_RWX | PTE_A | PTE_D | PTE_RSW)

/* Bind pages [page, page + n) with `bits`; c is a usable FRAME capability that holds them. Takes at
 * most *count pages, within one table; stores how many it did. 0, E_NOTABLE, E_MAPPED, E_LIMIT, or
 * E_SHARED (the same for all of these), or
 * SPACE_CLEAR: the first frame must be cleared first (see frame claim in kern/claim.c). Tree lock
 * for all of these. */
#define SPACE_CLEAR 1
#define SPACE_CODE  2 /* it shall be executable, which needs fence.i first */
int space_map(struct kernel *k, struct space *s, uint64_t address, struct cap *c, uint64_t page,
	      uint64_t *count, uint64_t bits);
/* Fill one entry of `level` (address and page are aligned to what it covers): a frame of an object
 * (u-area, ring, table to look at) under the object's capability, registers of a WINDOW, a
 * megapage that claim_unit_ready() says may be mapped. 0 E_NOTABLE E_MAPPED E_LIMIT E_SHARED. */
int space_map_entry(struct kernel *k, struct space *s, uint64_t address, uint32_t level,
		    struct cap *c, uint64_t page, uint64_t bits);
/* Write a libOS's note of 63 bits into empty entries; of `count` pages and `most` entries those
 * within one table. 0 E_NOTABLE, E_MAPPED if the first is in use. */
int space_note(struct kernel *k, struct space *s, uint64_t address, uint32_t level, uint64_t *count,
	       uint64_t most, uint64_t note);
/* Break entries of `level` from `address` on: at most *count pages, within one table, and at most
 * `most` entries of it; stores how many pages are dealt with and ORs old A/D bits into *old. Above
 * level 0, tables too. 0, or E_ALIGN: the entries are parts of a large page. */
int space_unmap(struct kernel *k, struct space *s, uint64_t address, uint32_t level,
		uint64_t *count, uint64_t most, uint64_t *old);
/* Set bits; as above. E_NOTMAPPED, E_RIGHTS, E_ALIGN. */
int space_protect(struct kernel *k, struct space *s, uint64_t address, uint32_t level,
		  uint64_t *count, uint64_t bits, uint64_t *old);

/* Make the table of level 0 for `address` the one used last. False if it may not be changed or
 * there is none. */
bool space_use_table(struct kernel *k, struct space *s, uint64_t address);
/* Is there a table of `level` for `address`? */
bool space_has_table(struct space *s, uint64_t address, uint32_t level);

/* Entries of `pages` pages from `address` on were broken or narrowed, or with pages 0 a table was
 * taken out: owe a fence to the harts that have had `s`. The thread fence pairs with the exchange
 * in space_enter: either the hart is seen there, or it sees the new entries. */
static inline void
space_owe(struct kernel *k, struct space *s, uint64_t address, uint64_t pages)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	kernel_owe(k, __atomic_load_n(&s->harts, __ATOMIC_RELAXED),
		   &(struct arch_fence){
			   .address = address, .pages = pages, .asid = (uint32_t)s->asid});
}

#endif
