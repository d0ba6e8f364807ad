/* SPDX-License-Identifier: MIT
 * code_pages.h: pages of compiled code, each written or executed, never both.
 */
#ifndef KERN_CODE_PAGES_H
#define KERN_CODE_PAGES_H

#include "kern/kernel.h"

/* A row of them, with room for what is known of each: theirs, who has it. */
struct code_pages {
	uint8_t *memory;
	uint64_t count;
	bool *is_sealed; /* executable */
};

/* Boot, before other harts run: takes pages, which can be written: `most`, but no more than a
 * `part`th of the RAM. */
void code_pages_boot(struct kernel *k, struct code_pages *p, uint64_t most, uint64_t part);
static inline void *
code_page(const struct code_pages *p, uint64_t page)
{
	return p->memory + (page << PAGE_SHIFT);
}
/* A page becomes executable, or can be written again: the TLBs of all harts are owed a fence, and
 * before it is executed each of them needs fence.i. False: it is that already. Tree lock. */
bool code_pages_seal(struct kernel *k, struct code_pages *p, uint64_t page, bool is_sealed);

#endif
