/* SPDX-License-Identifier: MIT
 * slab.c: buddies: a block of order n can be joined with the one whose number differs in bit n.
 *
 * State:      the caller's memory: a map, then blocks. map[i] is FREE | order where a free block
 *             begins, else 0. Free blocks of an order are a list that runs through them.
 * Invariants: FREE_LISTED a block is in a list exactly if the map says so; JOINED two free buddies
 *             are one block; COUNTED their sum is that of the purses. See slab_check().
 * Cost:       at most SLAB_ORDERS steps. Pure.
 */
#include "kern/net/slab.h"
#include "lib/base/string.h"

#define FREE 0x80

struct slab_free {
	struct slab_free *next;
	struct slab_free **link; /* what points here */
};

static struct slab_free *
block_at(const struct slab *s, uint32_t i)
{
	return (struct slab_free *)(void *)(s->memory + i * SLAB_BLOCK);
}

static void
push(struct slab *s, uint32_t i, uint32_t order)
{
	struct slab_free *b = block_at(s, i);

	s->map[i] = (uint8_t)(FREE | order);
	b->next = s->free[order];
	b->link = &s->free[order];
	if (b->next) {
		b->next->link = &b->next;
	}
	s->free[order] = b;
}

static void
unlink_block(struct slab *s, uint32_t i)
{
	struct slab_free *b = block_at(s, i);

	s->map[i] = 0;
	*b->link = b->next;
	if (b->next) {
		b->next->link = b->link;
	}
}

void
slab_give(struct slab *s, void *block, uint32_t order)
{
	uint32_t i = (uint32_t)(((uint8_t *)block - s->memory) / SLAB_BLOCK);

	*s->purse += 1u << order;
	for (; order + 1 < SLAB_ORDERS; order++) {
		uint32_t buddy = i ^ 1u << order;

		if (buddy >= s->blocks || s->map[buddy] != (FREE | order)) {
			break;
		}
		unlink_block(s, buddy);
		i &= ~(1u << order);
	}
	push(s, i, order);
}

void *
slab_take(struct slab *s, uint32_t order)
{
	uint32_t from = order;
	uint32_t i;

	while (from < SLAB_ORDERS && !s->free[from]) {
		from++;
	}
	if (from >= SLAB_ORDERS || *s->purse < 1u << order) {
		return NULL;
	}
	i = (uint32_t)(((uint8_t *)s->free[from] - s->memory) / SLAB_BLOCK);
	unlink_block(s, i);
	while (from > order) {
		from--;
		push(s, i + (1u << from), from);
	}
	*s->purse -= 1u << order;
	return block_at(s, i);
}

void
slab_init(struct slab *s, void *memory, size_t bytes)
{
	uint32_t all = (uint32_t)(bytes / SLAB_BLOCK);
	uint32_t maps = (all + SLAB_BLOCK) / (SLAB_BLOCK + 1);

	memset(s, 0, sizeof(*s));
	s->map = memory;
	s->memory = s->map + maps * SLAB_BLOCK;
	s->blocks = all - maps;
	memset(s->map, 0, s->blocks);
	for (uint32_t i = 0, order; i < s->blocks; i += 1u << order) {
		order = SLAB_ORDERS - 1;
		while (i & ((1u << order) - 1) || i + (1u << order) > s->blocks) {
			order--;
		}
		push(s, i, order);
	}
	s->free_blocks = s->blocks;
	s->purse = &s->free_blocks;
}

uint32_t
slab_order(size_t bytes)
{
	uint32_t order = 0;

	while (SLAB_BLOCK << order < bytes) {
		order++;
	}
	return order;
}

const char *
slab_check(const struct slab *s, uint32_t free_blocks)
{
	uint32_t sum = 0;
	uint32_t listed = 0;
	uint32_t mapped = 0;

	for (uint32_t order = 0; order < SLAB_ORDERS; order++) {
		for (const struct slab_free *b = s->free[order]; b; b = b->next, listed++) {
			uint32_t i = (uint32_t)(((const uint8_t *)b - s->memory) / SLAB_BLOCK);
			uint32_t buddy = i ^ 1u << order;

			sum += 1u << order;
			if (*b->link != b || s->map[i] != (FREE | order)) {
				return "FREE_LISTED";
			}
			if (order + 1 < SLAB_ORDERS && buddy < s->blocks &&
			    s->map[buddy] == s->map[i]) {
				return "JOINED";
			}
		}
	}
	for (uint32_t i = 0; i < s->blocks; i++) {
		mapped += s->map[i] != 0;
	}
	return mapped != listed ? "FREE_LISTED" : sum != free_blocks ? "COUNTED" : NULL;
}
