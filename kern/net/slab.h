/* SPDX-License-Identifier: MIT
 * slab.h: blocks of 64 bytes times a power of two from one piece of memory (buddies).
 */
#ifndef KERN_NET_SLAB_H
#define KERN_NET_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_BLOCK  64ul
#define SLAB_ORDERS 17 /* the largest block is 4 MiB */

struct slab_free;

struct slab {
	uint8_t *memory;      /* blocks, aligned to one */
	uint8_t *map;         /* per block: see slab.c */
	uint32_t blocks;      /* in all */
	uint32_t free_blocks; /* that belong to nobody in particular */
	uint32_t *purse;      /* these, or what is left to whoever takes and gives now */
	struct slab_free *free[SLAB_ORDERS];
};

/* All of memory [memory, memory + bytes) is free; memory is aligned to SLAB_BLOCK. */
void slab_init(struct slab *s, void *memory, size_t bytes);
/* SLAB_BLOCK << order bytes, not cleared, aligned to SLAB_BLOCK; NULL: there are none, or
 * not for this purse. */
void *slab_take(struct slab *s, uint32_t order);
/* Back again, with the order it was taken with, into the purse. */
void slab_give(struct slab *s, void *block, uint32_t order);
/* The smallest order of at least so many bytes. */
uint32_t slab_order(size_t bytes);
/* NULL, or the invariant that does not hold; so much is in all purses. */
const char *slab_check(const struct slab *s, uint32_t free_blocks);

#endif
