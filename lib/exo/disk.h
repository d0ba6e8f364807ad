/* SPDX-License-Identifier: MIT
 * disk.h: read and write blocks of a BLOCK capability, straight into and out of pages of FRAME
 * capabilities.
 *
 * A block is 4 KiB and goes to or comes from one page. Requests of one disk run in parallel and
 * complete in any order; the cookie tells which. A write is stable after a later flush has
 * completed.
 *
 *	exo_disk_open(&disk, exo_start()->blocks[0], 4);
 *	exo_pages_make(&buffer, 1);
 *	exo_disk_transfer(&disk, EXO_DISK_READ, 0, buffer.frames, 0, 1);
 */
#ifndef LIB_EXO_DISK_H
#define LIB_EXO_DISK_H

#include "lib/exo/ring.h"

struct exo_disk {
	struct exo_queue queue;
	exo_handle blocks;
	uint64_t block_count;
};

/* Opens the disk part that the BLOCK capability `blocks` names; completions raise event `bit`. 0
 * or an error. */
int exo_disk_open(struct exo_disk *disk, exo_handle blocks, uint32_t bit);

/* 0, or E_BUSY while requests are in flight. */
int exo_disk_close(struct exo_disk *disk);

/* Queue and submit one transfer of `count` (1..EXO_DISK_BLOCKS_MAX) blocks from block `block` of
 * the capability on, to or from the pages from `page` on of `frames`. 0: it will complete with
 * `cookie`; E_BUSY: too many in flight. */
int exo_disk_read(struct exo_disk *disk, uint64_t block, exo_handle frames, uint64_t page,
		  uint32_t count, uint64_t cookie);
int exo_disk_write(struct exo_disk *disk, uint64_t block, exo_handle frames, uint64_t page,
		   uint32_t count, uint64_t cookie);
int exo_disk_flush(struct exo_disk *disk, uint64_t cookie);

/* The same without submitting, to hand over several at once with exo_disk_submit. `op`: enum
 * exo_disk_op. */
int exo_disk_queue(struct exo_disk *disk, uint32_t op, uint64_t block, exo_handle frames,
		   uint64_t page, uint32_t count, uint64_t cookie);
int exo_disk_submit(struct exo_disk *disk);

/* Next completion: 1 and *done (done->result is 0 or the error of that request), 0 when there is
 * none yet, or E_STATE. Also submits what the device had no room for. */
int exo_disk_poll(struct exo_disk *disk, struct exo_completion *done);

/* As poll, but waits; E_TIMEOUT after `timeout_ns`. */
int exo_disk_wait(struct exo_disk *disk, struct exo_completion *done, uint64_t timeout_ns);

/* One transfer from start to end, for callers with nothing else in flight on this disk (else
 * E_BUSY). Any `count`. 0 or the error. */
int exo_disk_transfer(struct exo_disk *disk, uint32_t op, uint64_t block, exo_handle frames,
		      uint64_t page, uint64_t count);

#endif
