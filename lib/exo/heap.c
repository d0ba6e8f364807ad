/* SPDX-License-Identifier: MIT
 * heap.c: sbrk for the C library's malloc: memory from the end of the program upwards.
 *
 * State: the heap is [start, brk), pages up to `mapped` are there. It grows by whole pages, an
 * eighth of itself at least so that the number of capabilities stays small, in smaller pieces
 * when free memory is scattered. It never shrinks. Ends at EXO_VM_START, where exo_vm_map begins.
 */
#include <errno.h>
#include <unistd.h>

#include "lib/base/checked.h"
#include "lib/exo/vm.h"

#define GROW_PAGES 16

extern char _end[];

static struct {
	uint64_t brk;
	uint64_t mapped;
} heap;

/* Adds `pages` pages in one piece. */
static int
piece_add(uint64_t pages)
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
	heap.mapped += pages * EXO_PAGE_SIZE;
	return 0;
}

/* Maps pages until the heap reaches `end`. */
static int
heap_reach(uint64_t end)
{
	uint64_t bytes = heap.mapped - (uint64_t)_end;
	uint64_t piece = bytes / 8 / EXO_PAGE_SIZE;

	piece = piece > GROW_PAGES ? piece : GROW_PAGES;
	if (piece < (end - heap.mapped + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE) {
		piece = (end - heap.mapped + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE;
	}
	while (heap.mapped < end) {
		if (piece_add(piece) < 0) {
			piece /= 2;
		}
		if (piece == 0) {
			return -ENOMEM;
		}
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
