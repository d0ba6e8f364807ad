/* SPDX-License-Identifier: MIT
 * blk.h: what a disk can do. Requests are asynchronous; a request is known by the tag that its
 * submitter chose.
 *
 * The device is hostile: a driver reports each tag exactly once, whatever the device writes, and
 * never touches memory that it was not given. After an impossible answer it resets the device and
 * completes everything in flight with E_IO.
 */
#ifndef KERN_DEV_BLK_H
#define KERN_DEV_BLK_H

#include <stdbool.h>
#include <stdint.h>
#include "arch/arch.h"

#define BLK_SEGMENTS_MAX 4
#define BLK_TAGS_MAX     64 /* tags are below this */

enum blk_op {
	BLK_READ = 1,
	BLK_WRITE = 2,
	BLK_FLUSH = 3,
};

struct blk_segment {
	struct paddr address;
	uint32_t bytes; /* a multiple of 512; a request's segments together are whole blocks */
};

struct blk;

struct blk_ops {
	const char *name;
	/* Start a request on 4 KiB blocks; a flush has no segments and makes stable the writes
	 * completed before. `tag` is one that is not in flight. Returns 0, or having done nothing:
	 * E_BUSY (queue full, or the tag is in flight), E_RANGE (blocks, segments or tag), E_ALIGN
	 * (sizes), E_UNSUPPORTED (write to a read-only disk; flush without volatile_cache, where
	 * there is nothing to do), E_NODEV (device is broken). */
	int (*submit)(struct blk *b, enum blk_op op, uint64_t block,
		      const struct blk_segment *segments, uint32_t count, uint32_t tag);
	/* Acknowledge the device and take completions until `work` is `budget`, calling b->done for
	 * each, which may submit; returns true if more are waiting. */
	bool (*interrupt)(struct blk *b, uint32_t budget);
};

struct blk {
	const struct blk_ops *ops;
	uint64_t blocks;     /* capacity, whole 4 KiB blocks */
	bool volatile_cache; /* BLK_FLUSH makes earlier writes stable */
	bool read_only;
	bool broken; /* for good; switch its interrupt off once interrupt() has returned false */
	uint32_t work; /* done by interrupt(): one for each completion; `done` may add to it */
	uint32_t segments_max;      /* of one request, 1 to BLK_SEGMENTS_MAX */
	uint32_t segment_bytes_max; /* at least 4096 */
	/* Set by whoever uses the disk; result is 0 or E_IO. */
	void (*done)(void *context, uint32_t tag, int result);
	void *context;
};

#endif
