/* SPDX-License-Identifier: MIT
 * disk.c: reads of whole chunks, several in flight, straight into the frames of the cache.
 *
 * State: the disk and the frames. The cookie of a read is the index of its chunk in the cache.
 * The last chunk of the disk may be shorter than the others; what lies behind its end is never
 * asked for, for no file reaches there.
 */
#include "user/web/disk.h"

#include <stdio.h>

#include <exo/errors.h>

#include "lib/exo/disk.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define CHUNK_BLOCKS (CACHE_CHUNK_BYTES / EXO_PAGE_SIZE)

static struct {
	struct exo_disk disk;
	struct exo_pages memory;
	uint64_t numbers[CACHE_CHUNKS]; /* being read, by index; for messages */
} state;

int
disk_open(uint32_t bit)
{
	const struct exo_start *start = exo_start();
	int result =
		start->block_count ? exo_disk_open(&state.disk, start->blocks[0], bit) : E_NOENT;

	return result ? result
		      : exo_pages_make(&state.memory, (uint64_t)CACHE_CHUNKS * CHUNK_BLOCKS);
}

uint64_t
disk_bytes(void)
{
	return state.disk.block_count * EXO_PAGE_SIZE;
}

const uint8_t *
disk_memory(void)
{
	return state.memory.memory;
}

int64_t
disk_read_now(uint64_t offset, size_t bytes)
{
	uint64_t block = offset / EXO_PAGE_SIZE;
	uint64_t count = bytes / EXO_PAGE_SIZE;

	if (block >= state.disk.block_count) {
		return 0;
	}
	if (count > state.disk.block_count - block) {
		count = state.disk.block_count - block;
	}
	int result =
		exo_disk_transfer(&state.disk, EXO_DISK_READ, block, state.memory.frames, 0, count);
	return result < 0 ? result : (int64_t)(count * EXO_PAGE_SIZE);
}

int
disk_start_read(uint32_t index, uint64_t number)
{
	uint64_t block = number * CHUNK_BLOCKS;
	uint64_t count = CHUNK_BLOCKS;

	if (block >= state.disk.block_count) {
		return E_RANGE;
	}
	if (count > state.disk.block_count - block) {
		count = state.disk.block_count - block;
	}
	state.numbers[index] = number;
	return exo_disk_queue(&state.disk, EXO_DISK_READ, block, state.memory.frames,
			      (uint64_t)index * CHUNK_BLOCKS, (uint32_t)count, index);
}

int
disk_poll(struct cache *cache)
{
	struct exo_completion done;
	int result;
	int any = 0;

	while ((result = exo_disk_poll(&state.disk, &done)) == 1) {
		any = 1;
		if (done.cookie >= CACHE_CHUNKS) {
			continue;
		}
		if (done.result < 0) {
			printf("web: disk error reading blocks from %lu on: %s\n",
			       state.numbers[done.cookie] * CHUNK_BLOCKS,
			       exo_error_sentence(done.result));
		}
		cache_done(cache, (uint32_t)done.cookie, done.result);
	}
	return result < 0 ? result : any;
}

void
disk_flush(void)
{
	(void)exo_disk_submit(&state.disk);
}
