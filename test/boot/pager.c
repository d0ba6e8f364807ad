/* SPDX-License-Identifier: MIT
 * pager.c: a library operating system in a hundred lines, the example of docs/libos-guide.md.
 *
 * What it offers: a disk as an array in memory that the program may change as it likes: touching a
 * block brings it in, a few frames are all that takes; storing to it makes a copy of the program's
 * own, and the disk stays as it is (copy-on-write). The policy is the program's own.
 *
 * boot: init DISK=1M
 */
#include <string.h>

#include "lib/exo/disk.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define CACHE    16
#define COPIES   64
#define DISK_BIT 4

static struct {
	struct exo_disk disk;
	exo_handle frames;     /* CACHE pages: blocks as they are on the disk */
	struct exo_pages own;  /* COPIES pages: blocks as the program changed them */
	uint64_t start;        /* block n appears at start + n * EXO_PAGE_SIZE */
	uint64_t block[CACHE]; /* what page i of `frames` holds: block number + 1, or 0 */
	uint32_t hand;         /* the page to be used next */
	uint64_t reads;
	uint64_t copies; /* pages of `own` in use */
} pager;

static uint64_t
address_of(uint64_t block)
{
	return pager.start + block * EXO_PAGE_SIZE;
}

/* The page that holds a block, or CACHE. */
static uint32_t
page_holding(uint64_t block)
{
	uint32_t page = 0;

	while (page < CACHE && pager.block[page] != block + 1) {
		page++;
	}
	return page;
}

/* Frees page `page` of the cache. It holds nothing that the disk does not. */
static int
page_evict(uint32_t page)
{
	int64_t result = 0;

	if (pager.block[page] != 0) {
		result = exo_unmap(address_of(pager.block[page] - 1), 1, 0, NULL, EXO_NONE);
		pager.block[page] = 0;
	}
	return result < 0 ? (int)result : 0;
}

/* Maps it for reading only: so the first store to it is seen. */
static int
page_fill(uint32_t page, uint64_t block)
{
	int result = exo_disk_transfer(&pager.disk, EXO_DISK_READ, block, pager.frames, page, 1);

	if (result < 0) {
		return result;
	}
	pager.reads++;
	pager.block[page] = block + 1;
	return exo_vm_map_at(exo_own_vm(), address_of(block), pager.frames, page, 1, EXO_READ);
}

/* Puts a copy in the place of the cached page, which is free then. */
static int
page_copy(uint32_t page, uint64_t block)
{
	uint64_t copy = pager.copies;
	int result;

	if (copy == COPIES) {
		return E_NOSPACE;
	}
	memcpy((char *)pager.own.memory + copy * EXO_PAGE_SIZE, (void *)address_of(block),
	       EXO_PAGE_SIZE);
	result = page_evict(page);
	if (result < 0) {
		return result;
	}
	pager.copies++;
	return exo_vm_map_at(exo_own_vm(), address_of(block), pager.own.frames, copy, 1,
			     EXO_READ | EXO_WRITE);
}

/* A page fault in the window is ours; anything else is not. */
static int
pager_fault(struct exo_fault *fault)
{
	uint64_t block = (fault->tval - pager.start) / EXO_PAGE_SIZE;
	uint32_t page = page_holding(block);
	int result;

	if ((fault->cause != EXO_CAUSE_LOAD_PAGE && fault->cause != EXO_CAUSE_STORE_PAGE) ||
	    fault->tval < pager.start || block >= pager.disk.block_count) {
		return 1;
	}
	if (page < CACHE) {
		return page_copy(page, block);
	}
	page = pager.hand++ % CACHE;
	result = page_evict(page);
	return result < 0 ? result : page_fill(page, block);
}

static int
pager_open(exo_handle blocks)
{
	int result = exo_disk_open(&pager.disk, blocks, DISK_BIT);

	if (result == 0) {
		result = exo_frames_carve(exo_own_frames(), CACHE, 1, &pager.frames);
	}
	if (result == 0) {
		result = exo_pages_make(&pager.own, COPIES);
	}
	if (result == 0) {
		result = exo_vm_reserve(exo_own_vm(), pager.disk.block_count, &pager.start);
	}
	return result < 0 ? result : exo_on_exception(pager_fault);
}

/* What follows uses the disk as memory and never calls the pager. Every fourth block is changed. */
static uint64_t
count_wrong(uint64_t blocks, uint64_t added)
{
	const volatile uint64_t *words = (const volatile uint64_t *)pager.start;
	uint64_t wrong = 0;

	for (uint64_t block = 0; block < blocks; block++) {
		wrong += words[block * 512] != block + (block % 4 ? 0 : added);
		wrong += words[block * 512 + 511] != block;
	}
	return wrong;
}

/* Looks at the disk itself, through a page that is no part of the pager. */
static uint64_t
count_changed_on_disk(uint64_t blocks)
{
	struct exo_pages page;
	uint64_t changed = 0;

	if (exo_pages_make(&page, 1) != 0) {
		return UINT64_MAX;
	}
	for (uint64_t block = 0; block < blocks; block++) {
		changed += exo_disk_transfer(&pager.disk, EXO_DISK_READ, block, page.frames, 0,
					     1) != 0 ||
			   *(volatile uint64_t *)page.memory != block;
	}
	return changed;
}

int
main(void)
{
	volatile uint64_t *words;
	uint64_t blocks;

	tap_plan(8);
	tap_is(pager_open(exo_start()->blocks[0]), 0, "the pager opens the disk");
	words = (volatile uint64_t *)pager.start;
	blocks = pager.disk.block_count;
	tap_is((int64_t)count_wrong(blocks, 0), 0, "every block has its number at both ends");
	tap_is((int64_t)pager.reads, (int64_t)blocks, "each was read once");
	tap_is((int64_t)pager.copies, 0, "none was copied");
	for (uint64_t block = 0; block < blocks; block += 4) {
		words[block * 512] += 1000;
	}
	tap_is((int64_t)pager.copies, (int64_t)blocks / 4, "each changed block was copied once");
	tap_is((int64_t)count_wrong(blocks, 1000), 0, "changes stay, the rest comes and goes");
	tap_is((int64_t)pager.reads, (int64_t)(2 * blocks), "copies are not read again");
	tap_is((int64_t)count_changed_on_disk(blocks), 0, "the disk is as it was");
	return tap_end();
}
