/* SPDX-License-Identifier: MIT
 * disk.c: see disk.h.
 */
#include "lib/exo/disk.h"

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/time.h"

int
exo_disk_open(struct exo_disk *disk, exo_handle blocks, uint32_t bit)
{
	struct exo_cap_info info;
	int64_t result = exo_inspect(blocks, 0, &info);

	if (result < 0) {
		return (int)result;
	}
	if (info.type != EXO_CAP_BLOCK) {
		return E_TYPE;
	}
	disk->blocks = blocks;
	disk->block_count = info.count;
	return exo_queue_open(&disk->queue, EXO_RING_DISK, bit);
}

int
exo_disk_close(struct exo_disk *disk)
{
	return disk->queue.outstanding > 0 ? E_BUSY : exo_queue_close(&disk->queue);
}

int
exo_disk_queue(struct exo_disk *disk, uint32_t op, uint64_t block, exo_handle frames, uint64_t page,
	       uint32_t count, uint64_t cookie)
{
	union exo_request request = {
		.disk =
			{
				.cookie = cookie,
				.op = op,
				.count = count,
				.blocks = disk->blocks,
				.block = block,
				.frames = frames,
				.page = page,
			},
	};

	return exo_queue_put(&disk->queue, &request);
}

int
exo_disk_submit(struct exo_disk *disk)
{
	return exo_queue_submit(&disk->queue);
}

static int
disk_start(struct exo_disk *disk, uint32_t op, uint64_t block, exo_handle frames, uint64_t page,
	   uint32_t count, uint64_t cookie)
{
	int result = exo_disk_queue(disk, op, block, frames, page, count, cookie);

	return result < 0 ? result : exo_disk_submit(disk);
}

int
exo_disk_read(struct exo_disk *disk, uint64_t block, exo_handle frames, uint64_t page,
	      uint32_t count, uint64_t cookie)
{
	return disk_start(disk, EXO_DISK_READ, block, frames, page, count, cookie);
}

int
exo_disk_write(struct exo_disk *disk, uint64_t block, exo_handle frames, uint64_t page,
	       uint32_t count, uint64_t cookie)
{
	return disk_start(disk, EXO_DISK_WRITE, block, frames, page, count, cookie);
}

int
exo_disk_flush(struct exo_disk *disk, uint64_t cookie)
{
	return disk_start(disk, EXO_DISK_FLUSH, 0, EXO_NONE, 0, 0, cookie);
}

int
exo_disk_poll(struct exo_disk *disk, struct exo_completion *done)
{
	int result = exo_queue_poll(&disk->queue, done);

	if (result == 1) {
		exo_queue_submit(&disk->queue);
	}
	return result;
}

int
exo_disk_wait(struct exo_disk *disk, struct exo_completion *done, uint64_t timeout_ns)
{
	return exo_queue_wait(&disk->queue, done, timeout_ns);
}

int
exo_disk_transfer(struct exo_disk *disk, uint32_t op, uint64_t block, exo_handle frames,
		  uint64_t page, uint64_t count)
{
	struct exo_completion done = {.result = 0};
	uint64_t at = 0;
	int result = disk->queue.outstanding > 0 ? E_BUSY : 0;

	do {
		uint32_t part = count - at < EXO_DISK_BLOCKS_MAX ? (uint32_t)(count - at)
								 : EXO_DISK_BLOCKS_MAX;

		result = result < 0 ? result
				    : disk_start(disk, op, block + at, frames, page + at, part, at);
		if (result == 0) {
			result = exo_disk_wait(disk, &done, EXO_FOREVER);
		}
		result = result < 0 ? result : done.result;
		at += part;
	} while (result >= 0 && at < count);
	return result;
}
