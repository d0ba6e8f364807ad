/* SPDX-License-Identifier: MIT
 * cache.c: which chunk of the disk stands where, who uses it, which goes first.
 *
 * Invariants: a chunk is in the list of ages if and only if it is neither pinned nor being read;
 * it is in the list of its hash unless it is empty; no two chunks have the same number. A failed
 * chunk is told to one asker and is empty then. The file knows no disk and no network; one
 * thread. Callers: conn.c, disk.c, tests with a disk made of memory.
 */
#include "user/web/cache.h"

#include <stddef.h>

#include <exo/errors.h>

#define AGED(node)   ((struct chunk *)((char *)(node)-offsetof(struct chunk, age)))
#define HASHED(node) ((struct chunk *)((char *)(node)-offsetof(struct chunk, same_hash)))

void
cache_open(struct cache *cache, const uint8_t *memory)
{
	*cache = (struct cache){0};
	list_init(&cache->ages);
	for (uint32_t i = 0; i < CACHE_CHUNKS; i++) {
		struct chunk *chunk = &cache->chunks[i];
		chunk->index = i;
		chunk->data = memory + (size_t)i * CACHE_CHUNK_BYTES;
		list_init(&chunk->same_hash);
		list_push_back(&cache->ages, &chunk->age);
		list_init(&cache->hash[i]);
	}
}

static struct list_node *
hash_list(struct cache *cache, uint64_t number)
{
	return &cache->hash[number % CACHE_CHUNKS];
}

static struct chunk *
find(struct cache *cache, uint64_t number)
{
	struct list_node *list = hash_list(cache, number);
	struct list_node *node;

	list_for_each(node, list) {
		if (HASHED(node)->number == number) {
			return HASHED(node);
		}
	}
	return NULL;
}

/* Forgets what an unpinned chunk holds; it is the first to be used again. */
static void
empty(struct cache *cache, struct chunk *chunk)
{
	list_remove(&chunk->same_hash);
	list_remove(&chunk->age);
	list_push_front(&cache->ages, &chunk->age);
	chunk->state = CHUNK_EMPTY;
}

/* Makes the oldest chunk hold `number`; it is being read then. E_BUSY if none is free or the disk
 * takes no more. */
static int
start(struct cache *cache, uint64_t number)
{
	struct list_node *oldest = list_first(&cache->ages);

	if (!oldest) {
		return E_BUSY;
	}
	struct chunk *chunk = AGED(oldest);
	int error = disk_start_read(chunk->index, number);
	if (error) {
		return error;
	}
	list_remove(&chunk->same_hash);
	list_remove(&chunk->age);
	chunk->number = number;
	chunk->state = CHUNK_READING;
	list_push_front(hash_list(cache, number), &chunk->same_hash);
	return 0;
}

int
cache_get(struct cache *cache, uint64_t number, struct chunk **found)
{
	struct chunk *chunk = find(cache, number);

	if (!chunk) {
		int error = start(cache, number);
		return error ? error : E_BUSY;
	}
	if (chunk->state == CHUNK_READING) {
		return E_BUSY;
	}
	if (chunk->state == CHUNK_FAILED) {
		empty(cache, chunk);
		return E_IO;
	}
	list_remove(&chunk->age);
	chunk->pins++;
	*found = chunk;
	return 0;
}

void
cache_put(struct cache *cache, struct chunk *chunk)
{
	if (--chunk->pins == 0) {
		list_push_back(&cache->ages, &chunk->age);
		cache->changes++;
	}
}

void
cache_prefetch(struct cache *cache, uint64_t number)
{
	if (!find(cache, number)) {
		(void)start(cache, number);
	}
}

void
cache_done(struct cache *cache, uint32_t index, int result)
{
	struct chunk *chunk = &cache->chunks[index];

	chunk->state = result < 0 ? CHUNK_FAILED : CHUNK_READY;
	list_push_back(&cache->ages, &chunk->age);
	cache->changes++;
}
