/* SPDX-License-Identifier: MIT
 * pager.c: a library operating system in a hundred lines, the example of docs/libos-guide.md.
 *
 * What it offers: a disk as an array in memory. Touching a block brings it in, a few frames are all
 * it uses, changed blocks go back to the disk when their frame is wanted. The policy is the
 * program's own.
 *
 * boot: init DISK=1M
 */
#include "lib/exo/disk.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define CACHE    16
#define DISK_BIT 4

static struct {
	struct exo_disk disk;
	exo_handle frames;     /* CACHE pages */
	uint64_t start;        /* block n appears at start + n * EXO_PAGE_SIZE */
	uint64_t block[CACHE]; /* what page i of `frames` holds: block number + 1, or 0 */
	bool dirty[CACHE];     /* it was stored to */
	uint32_t hand;         /* the page to be used next */
	uint64_t reads;
	uint64_t writes;
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

/* Frees page `page` of the cache. */
static int
page_evict(uint32_t page)
{
	uint64_t block = pager.block[page] - 1;
	int64_t result;

	if (pager.block[page] == 0) {
		return 0;
	}
	result = exo_unmap(address_of(block), 1, 0, NULL, EXO_NONE);
	if (result < 0) {
		return (int)result;
	}
	pager.block[page] = 0;
	if (!pager.dirty[page]) {
		return 0;
	}
	pager.writes++;
	return exo_disk_transfer(&pager.disk, EXO_DISK_WRITE, block, pager.frames, page, 1);
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
	pager.dirty[page] = false;
	return exo_vm_map_at(exo_own_vm(), address_of(block), pager.frames, page, 1, EXO_READ);
}

static int
page_dirty(uint32_t page, uint64_t block)
{
	pager.dirty[page] = true;
	return (int)exo_protect(address_of(block), 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
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
		return page_dirty(page, block) < 0;
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
		result = exo_vm_reserve(exo_own_vm(), pager.disk.block_count, &pager.start);
	}
	return result < 0 ? result : exo_on_exception(pager_fault);
}

/* What follows uses the disk as memory and never calls the pager. */
static uint64_t
count_wrong(uint64_t blocks, uint64_t added)
{
	const volatile uint64_t *words = (const volatile uint64_t *)pager.start;
	uint64_t wrong = 0;

	for (uint64_t block = 0; block < blocks; block++) {
		wrong += words[block * 512] != block + added;
		wrong += words[block * 512 + 511] != block;
	}
	return wrong;
}

int
main(void)
{
	volatile uint64_t *words;
	uint64_t blocks;

	tap_plan(7);
	tap_is(pager_open(exo_start()->blocks[0]), 0, "the pager opens the disk");
	words = (volatile uint64_t *)pager.start;
	blocks = pager.disk.block_count;
	tap_is((int64_t)count_wrong(blocks, 0), 0, "every block has its number at both ends");
	tap_is((int64_t)pager.reads, (int64_t)blocks, "each was read once");
	tap_is((int64_t)pager.writes, 0, "none was written");
	for (uint64_t block = 0; block < blocks; block++) {
		words[block * 512] += 1000;
	}
	tap_is((int64_t)count_wrong(blocks, 1000), 0, "changes survive eviction");
	tap_is((int64_t)pager.writes, (int64_t)blocks, "each changed block was written once");
	tap_is((int64_t)pager.reads, (int64_t)(3 * blocks), "and read again when it was wanted");
	return tap_end();
}
