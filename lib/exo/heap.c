/* SPDX-License-Identifier: MIT
 * heap.c: sbrk for the C library's malloc: memory from the end of the program upwards.
 *
 * State: the heap is [start, brk), pages up to `mapped` are there. It grows by whole pages, an
 * eighth of itself at least so that the number of capabilities stays small, in smaller pieces
 * when free memory is scattered. It never shrinks. Ends at EXO_VM_START, where exo_vm_map begins.
 */
#include <errno.h>
#include <unistd.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/exo/vm.h"

#define GROW_PAGES 16
#define GROW_PART  8  /* the heap grows by this part of itself */
#define PIECES     32 /* in which one request is met at most */

extern char _end[];

static struct {
	uint64_t brk;
	uint64_t mapped;
} heap;

/* What one call of sbrk has added, to take it back when the rest is not to be had. */
struct growth {
	uint32_t count;
	exo_handle piece[PIECES];
	uint64_t pages[PIECES];
};

/* Adds `pages` pages in one piece. */
static int
piece_add(struct growth *growth, uint64_t pages)
{
	exo_handle frames;
	int result = exo_frames_carve(exo_own_frames(), pages, 1, &frames);

	if (result < 0) {
		return result;
	}
	result = exo_vm_map_at(exo_own_vm(), heap.mapped, frames, 0, pages, EXO_READ | EXO_WRITE);
	if (result < 0) {
		exo_frames_release(exo_own_frames(), frames);
		return result;
	}
	growth->piece[growth->count] = frames;
	growth->pages[growth->count++] = pages;
	heap.mapped += pages * EXO_PAGE_SIZE;
	return 0;
}

static void
growth_undo(struct growth *growth)
{
	while (growth->count > 0) {
		growth->count--;
		exo_frames_release(exo_own_frames(), growth->piece[growth->count]);
		heap.mapped -= growth->pages[growth->count] * EXO_PAGE_SIZE;
	}
}

/* Maps pages until the heap reaches `end`, or changes nothing. */
static int
heap_reach(uint64_t end)
{
	struct growth growth = {.count = 0};
	uint64_t needed = (end - heap.mapped + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE;
	uint64_t piece = (heap.mapped - (uint64_t)_end) / GROW_PART / EXO_PAGE_SIZE;

	piece = piece > GROW_PAGES ? piece : GROW_PAGES;
	piece = piece > needed ? piece : needed;
	while (heap.mapped < end && piece > 0 && growth.count < PIECES) {
		if (piece_add(&growth, piece) < 0) {
			piece /= 2;
		}
	}
	if (heap.mapped < end) {
		growth_undo(&growth);
		return E_NOSPACE;
	}
	return 0;
}

/* As POSIX; memory is never given back. */
void *
sbrk(ptrdiff_t bytes)
{
	uint64_t old;
	uint64_t end;

	if (heap.brk == 0) {
		heap.brk = (uint64_t)_end;
		heap.mapped = align_up_u64((uint64_t)_end, EXO_PAGE_SIZE);
	}
	old = heap.brk;
	if (bytes < 0 || !checked_add_u64(old, (uint64_t)bytes, &end) || end > EXO_VM_START ||
	    (end > heap.mapped && heap_reach(end) < 0)) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap.brk = end;
	return (void *)old;
}
