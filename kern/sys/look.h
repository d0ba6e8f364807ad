/* SPDX-License-Identifier: MIT
 * look.h: where another environment's memory stands: what env_peek and env_poke have in common.
 */
#ifndef KERN_SYS_LOOK_H
#define KERN_SYS_LOOK_H

#include "kern/sys/sys.h"
#include "kern/table.h"

/* The entry that maps `address` in s, and the page of RAM that stands there in *page; NULL if none
 * does. Tree lock. */
static inline uint64_t *
look_entry(const struct captree *t, struct space *s, uint64_t address, uint8_t **page)
{
	uint32_t level = 3;
	uint64_t *entry;
	uint64_t number;

	do {
		entry = table_entry(s, address, --level);
	} while (level && entry && pte_is_table(*entry));
	if (!entry || !(*entry & PTE_V)) {
		return NULL;
	}
	number = pte_page(*entry) | (address >> PAGE_SHIFT & ((1ul << 9 * level) - 1));
	if (number - t->base_page >= t->pages) {
		return NULL;
	}
	*page = arch_ram(number << PAGE_SHIFT);
	return entry;
}

/* How many of `bytes` at `address` are copied at once: up to the end of the page. */
static inline size_t
look_bytes(uint64_t address, size_t bytes)
{
	uint64_t left = PAGE_SIZE - address % PAGE_SIZE;

	bytes = bytes < EXO_PEEK_BYTES ? bytes : EXO_PEEK_BYTES;
	return bytes < left ? bytes : left;
}

/* The ENV that a handle names for who may look at it, and which lives. Tree lock. */
int look_at(struct env *e, exo_handle env, struct env **target);

#endif
