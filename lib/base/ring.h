/* SPDX-License-Identifier: MIT
 * ring.h: arithmetic of rings with free-running 32-bit indices.
 *
 * A ring has a power-of-two number of entries, at most 2^31. The producer advances head, the
 * consumer advances tail; both wrap at 2^32 and are reduced only to address an entry. head - tail
 * is then the number of filled entries; anything above size means that one side lies. Each side
 * keeps its own index privately and reads the other's once. Pure.
 */
#ifndef LIB_BASE_RING_H
#define LIB_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Filled entries. Meaningful only if ring_valid. */
static inline uint32_t
ring_count(uint32_t head, uint32_t tail)
{
	return head - tail;
}

static inline uint32_t
ring_space(uint32_t head, uint32_t tail, uint32_t size)
{
	return size - (head - tail);
}

static inline bool
ring_valid(uint32_t head, uint32_t tail, uint32_t size)
{
	return head - tail <= size;
}

static inline bool
ring_is_empty(uint32_t head, uint32_t tail)
{
	return head == tail;
}

static inline bool
ring_is_full(uint32_t head, uint32_t tail, uint32_t size)
{
	return head - tail == size;
}

/* The entry that a free-running index names. */
static inline size_t
ring_slot(uint32_t index, uint32_t size)
{
	return index & ((size_t)size - 1);
}

#endif
