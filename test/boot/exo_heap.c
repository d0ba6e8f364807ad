/* SPDX-License-Identifier: MIT
 * exo_heap.c: the heap grows over many pages and page tables, and ends with an error and not a
 * fault.
 *
 * boot: init
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exo/frames.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define BLOCKS      3000
#define BLOCK_BYTES 2000

static unsigned char *blocks[BLOCKS];

static bool
block_holds(int i, unsigned char value)
{
	for (int at = 0; at < BLOCK_BYTES; at += 97) {
		if (blocks[i][at] != value) {
			return false;
		}
	}
	return true;
}

/* 6 MB in small pieces: more than two page tables' worth. */
static void
check_many(void)
{
	int wrong = 0;

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK_BYTES);
		if (!blocks[i]) {
			wrong++;
			break;
		}
		memset(blocks[i], i & 0xff, BLOCK_BYTES);
	}
	tap_is(wrong, 0, "malloc gives 3000 blocks");
	for (int i = 0; i < BLOCKS && blocks[i]; i++) {
		wrong += !block_holds(i, i & 0xff);
		free(blocks[i]);
	}
	tap_is(wrong, 0, "each kept its own bytes");
}

static void
check_zero(void)
{
	unsigned char *fresh = sbrk(100 * EXO_PAGE_SIZE);
	int sum = 0;

	tap_ok(fresh != (void *)-1, "sbrk gives 100 pages");
	for (unsigned i = 0; fresh != (void *)-1 && i < 100 * EXO_PAGE_SIZE; i++) {
		sum |= fresh[i];
	}
	tap_is(sum, 0, "fresh memory is zero");
	tap_ok((unsigned char *)sbrk(0) == fresh + 100 * EXO_PAGE_SIZE, "sbrk(0) tells the end");
}

static void
check_limit(void)
{
	void *end = sbrk(0);

	errno = 0;
	tap_ok(sbrk(1L << 35) == (void *)-1 && errno == ENOMEM, "32 GiB are refused");
	errno = 0;
	tap_ok(sbrk(-1) == (void *)-1 && errno == ENOMEM, "shrinking is refused");
	tap_ok(sbrk(0) == end, "a refusal changes nothing");
	blocks[0] = malloc(1L << 40);
	tap_ok(!blocks[0], "malloc passes the refusal on");
}

/* With free memory in single pages only, the heap grows piece by piece. */
static void
check_scattered(void)
{
	exo_handle rest;
	exo_handle kept;
	uint64_t pages = exo_own_frames()->end - exo_own_frames()->start;
	unsigned char *fresh;

	while (pages > 0) {
		if (exo_frames_carve(exo_own_frames(), pages, 1, &rest) < 0) {
			pages /= 2;
		}
	}
	while (sbrk(1) != (void *)-1) {
	}
	tap_ok(sbrk(1) == (void *)-1, "all memory can be carved away");
	tap_is(exo_frames_release(exo_own_frames(), rest), 0, "one page is given back");
	fresh = sbrk(1);
	tap_ok(fresh != (void *)-1, "the heap takes it");
	tap_is(exo_frames_carve(exo_own_frames(), 1, 1, &kept), E_NOSPACE, "then nothing is left");
}

int
main(void)
{
	tap_plan(13);
	check_many();
	check_zero();
	check_limit();
	check_scattered();
	return tap_end();
}
