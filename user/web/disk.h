/* SPDX-License-Identifier: MIT
 * disk.h: the program's part of a disk, read into the memory of the cache.
 */
#ifndef USER_WEB_DISK_H
#define USER_WEB_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "user/web/cache.h"

/* Opens the program's first BLOCK capability and the memory of the cache. Completions raise event
 * `bit`. 0, E_NOENT without such a capability, or the error of opening it. */
int disk_open(uint32_t bit);

uint64_t disk_bytes(void);

/* CACHE_CHUNKS * CACHE_CHUNK_BYTES, where disk_start_read reads to. */
const uint8_t *disk_memory(void);

/* Reads up to `bytes` (a multiple of EXO_PAGE_SIZE) from `offset` (likewise) on into
 * disk_memory() and waits for it. Only before the first disk_start_read. Returns how many bytes
 * were read, less at the end of the disk, or an error. */
int64_t disk_read_now(uint64_t offset, size_t bytes);

/* Tells `cache` what has been read. 1 if anything was, 0, or an error: the kernel has stopped the
 * ring. */
int disk_poll(struct cache *cache);

/* Hands the reads that were started to the kernel. */
void disk_flush(void);

#endif
