/* SPDX-License-Identifier: MIT
 * cache.h: chunks of the disk in memory.
 *
 * Chunk n of the disk is the bytes [n * CACHE_CHUNK_BYTES, (n + 1) * CACHE_CHUNK_BYTES); chunk i
 * of the memory holds one of them or nothing. A chunk that is in use is pinned and stays; of the
 * others the least recently used makes room.
 */
#ifndef USER_WEB_CACHE_H
#define USER_WEB_CACHE_H

#include <stdint.h>

#include "lib/base/list.h"

#define CACHE_CHUNK_BYTES 16384u
#define CACHE_CHUNKS      256

enum chunk_state {
	CHUNK_EMPTY,
	CHUNK_READING,
	CHUNK_READY,
	CHUNK_FAILED,
};

struct chunk {
	struct list_node age; /* in cache.ages, oldest first; unlinked while pinned or read */
	struct list_node same_hash;
	enum chunk_state state;
	uint32_t index;
	uint32_t pins;
	uint64_t number; /* on the disk, unless empty */
	const uint8_t *data;
};

struct cache {
	struct chunk chunks[CACHE_CHUNKS];
	struct list_node ages;
	struct list_node hash[CACHE_CHUNKS];
	uint64_t changes; /* counts what may help one who was told E_BUSY */
};

/* Prepares an empty cache over `memory`, CACHE_CHUNKS * CACHE_CHUNK_BYTES. */
void cache_open(struct cache *cache, const uint8_t *memory);

/* Chunk `number` of the disk, pinned, in *chunk. E_BUSY: it is being read, or there is no room
 * now: ask again when cache->changes has changed. E_IO: reading it failed; asking again reads
 * again. */
int cache_get(struct cache *cache, uint64_t number, struct chunk **chunk);

/* Ends one pin. */
void cache_put(struct cache *cache, struct chunk *chunk);

/* Starts reading chunk `number` if it is not here and that is possible now. */
void cache_prefetch(struct cache *cache, uint64_t number);

/* The read of chunks[index] has ended with 0 or an error. */
void cache_done(struct cache *cache, uint32_t index, int result);

/* Whoever owns the disk provides this: start reading chunk `number` of it into chunks[index];
 * cache_done tells the end. 0, or E_BUSY when too many reads are in flight. */
int disk_start_read(uint32_t index, uint64_t number);

#endif
