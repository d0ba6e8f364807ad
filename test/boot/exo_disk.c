/* SPDX-License-Identifier: MIT
 * exo_disk.c: blocks through lib/exo: many requests in flight, writing, flushing, and what is
 * refused.
 *
 * Block n of the disk is full of the number n (64 bits, little-endian).
 *
 * boot: init DISK=4M
 */
#include <string.h>

#include "lib/exo/disk.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define BIT    9
#define BLOCKS 1024
#define DEPTH  24
#define WORDS  (EXO_PAGE_SIZE / 8)
#define SECOND 1000000000ul

static struct exo_disk disk;
static struct exo_pages buffer; /* 128 pages */

static uint64_t *
page_words(uint64_t page)
{
	return (uint64_t *)buffer.memory + page * WORDS;
}

static bool
page_is_full_of(uint64_t page, uint64_t value)
{
	for (uint64_t i = 0; i < WORDS; i++) {
		if (page_words(page)[i] != value) {
			return false;
		}
	}
	return true;
}

static void
check_transfer(void)
{
	uint64_t wrong = 0;

	tap_is((int64_t)disk.block_count, BLOCKS, "the disk has 1024 blocks");
	tap_is(exo_disk_transfer(&disk, EXO_DISK_READ, 100, buffer.frames, 0, 128), 0,
	       "128 blocks are read at once");
	for (uint64_t i = 0; i < 128; i++) {
		wrong += !page_is_full_of(i, 100 + i);
	}
	tap_is((int64_t)wrong, 0, "each into its page");
}

/* Keeps DEPTH single-block reads in flight over the whole disk, in a scattered order. */
static void
check_parallel(void)
{
	struct exo_completion done;
	uint64_t started = 0;
	uint64_t ended = 0;
	uint64_t wrong = 0;

	for (; started < DEPTH; started++) {
		wrong += exo_disk_queue(&disk, EXO_DISK_READ, started * 37 % BLOCKS, buffer.frames,
					started, 1, started) != 0;
	}
	wrong += exo_disk_submit(&disk) != 0;
	while (ended < BLOCKS && exo_disk_wait(&disk, &done, SECOND) == 1) {
		wrong += done.result != 0 ||
			 !page_is_full_of(done.cookie % DEPTH, done.cookie * 37 % BLOCKS);
		ended++;
		if (started < BLOCKS) {
			uint64_t cookie = done.cookie + DEPTH;

			started++;
			wrong += exo_disk_read(&disk, cookie * 37 % BLOCKS, buffer.frames,
					       cookie % DEPTH, 1, cookie) != 0;
		}
	}
	tap_is((int64_t)ended, BLOCKS, "1024 scattered reads complete, 24 at a time");
	tap_is((int64_t)wrong, 0, "each brings its block");
	tap_is(exo_disk_poll(&disk, &done), 0, "then there is no further completion");
}

static void
check_writing(void)
{
	for (uint64_t i = 0; i < 64 * WORDS; i++) {
		page_words(0)[i] = ~i;
	}
	tap_is(exo_disk_transfer(&disk, EXO_DISK_WRITE, 500, buffer.frames, 0, 64), 0,
	       "64 blocks are written");
	tap_is(exo_disk_transfer(&disk, EXO_DISK_FLUSH, 0, EXO_NONE, 0, 0), 0, "and flushed");
	tap_is(exo_disk_transfer(&disk, EXO_DISK_READ, 499, buffer.frames, 64, 64), 0,
	       "they are read again with the one before");
	tap_ok(page_is_full_of(64, 499), "which is as it was");
	tap_is(memcmp(page_words(65), page_words(0), 63 * EXO_PAGE_SIZE), 0,
	       "the written ones are what was written");
}

static int
result_of(uint32_t op, exo_handle blocks, uint64_t block, exo_handle frames, uint64_t page,
	  uint32_t count)
{
	struct exo_disk other = disk;
	struct exo_completion done;
	int result;

	other.blocks = blocks;
	result = exo_disk_queue(&other, op, block, frames, page, count, 1);
	if (result == 0) {
		result = exo_disk_submit(&other);
	}
	if (result == 0) {
		result = exo_disk_wait(&other, &done, SECOND);
	}
	disk.queue = other.queue;
	return result == 1 ? done.result : result;
}

static void
check_refusals(void)
{
	exo_handle all = exo_start()->blocks[0];
	int64_t few = exo_share(all, (uint32_t)exo_slot_take(), 10, 5, EXO_READ, 0);

	tap_is(result_of(EXO_DISK_READ, all, BLOCKS - 1, buffer.frames, 0, 2), E_RANGE,
	       "blocks behind the end are refused");
	tap_is(result_of(EXO_DISK_READ, all, UINT64_MAX, buffer.frames, 0, 2), E_RANGE,
	       "and blocks that wrap around");
	tap_is(result_of(EXO_DISK_READ, all, 0, buffer.frames, 127, 2), E_RANGE,
	       "pages behind the end are refused");
	tap_is(result_of(EXO_DISK_READ, buffer.frames, 0, buffer.frames, 0, 1), E_TYPE,
	       "frames are no blocks");
	tap_is(result_of(EXO_DISK_READ, all, 0, exo_start()->sysinfo, 0, 1), E_RIGHTS,
	       "read-only frames are not read into");
	tap_ok(few > 0, "five blocks are shared, for reading");
	tap_is(result_of(EXO_DISK_READ, (exo_handle)few, 4, buffer.frames, 0, 1), 0,
	       "their last one is read");
	tap_ok(page_is_full_of(0, 14), "it is the fourteenth of the disk");
	tap_is(result_of(EXO_DISK_READ, (exo_handle)few, 5, buffer.frames, 0, 1), E_RANGE,
	       "the next one is refused");
	tap_is(result_of(EXO_DISK_WRITE, (exo_handle)few, 0, buffer.frames, 0, 1), E_RIGHTS,
	       "writing is refused");
}

int
main(void)
{
	tap_plan(24);
	tap_is(exo_pages_make(&buffer, 128), 0, "a buffer is made");
	tap_is(exo_disk_open(&disk, exo_start()->blocks[0], BIT), 0, "the disk is opened");
	check_transfer();
	check_parallel();
	check_writing();
	check_refusals();
	tap_is(exo_disk_close(&disk), 0, "it is closed");
	return tap_end();
}
