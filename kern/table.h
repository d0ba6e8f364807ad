/* SPDX-License-Identifier: MIT
 * table.h: page tables as objects: hanging them in a space, taking them out, emptying them.
 */
#ifndef KERN_TABLE_H
#define KERN_TABLE_H

#include "kern/space.h"

#define TABLE_ENTRIES 512ul
/* Of the first frame of a table. */
#define TABLE_LEVEL(f)    ((f)->spare)
#define TABLE_HANGINGS(f) ((f)->holder)   /* how many entries it hangs in */
#define TABLE_PLACE(f)    ((f)[1].holder) /* binding id of the only one; 0: not known, or none */
#define TABLE_MARKS(f)    ((f)[1].spare)  /* TABLE_HUNG, TABLE_NOTED; the latter of roots, too */
#define TABLE_GROUPS(f)   ((f)->pins)     /* a bit for each group that may have valid entries */
#define GROUP             32ul            /* entries */
#define TABLE_HUNG        1               /* it hangs or has hung */
#define TABLE_NOTED       2 /* entries that map nothing may hold what a libOS noted there */

/* How many entries of the table in which `entry` stands are valid: kept with its second frame. So
 * whether it is empty is known without a search, and taking it apart ends at the last one. */
static inline uint16_t *
table_valid(const struct captree *t, const uint64_t *entry)
{
	uint64_t pair = ((uint64_t)entry - (uint64_t)t->base) >> (PAGE_SHIFT + 1);

	return &t->frames[2 * pair + 1].pins;
}

/* The table that a valid entry above a leaf points to. */
static inline uint64_t *
table_below(uint64_t entry)
{
	return arch_ram(pte_page(entry) << PAGE_SHIFT);
}

/* The frame that a mapping counts in, NULL for registers of devices. */
static inline struct frame *
table_frame(const struct captree *t, uint64_t entry)
{
	uint64_t index = pte_page(entry) - t->base_page;

	return index < t->pages ? &t->frames[index] : NULL;
}

/* The entry at `level` that translates `address`, NULL if a table above is missing. */
static inline uint64_t *
table_entry(struct space *s, uint64_t address, uint32_t level)
{
	uint64_t *table = space_root(s);

	for (uint32_t l = 2; l > level; l--) {
		uint64_t entry = table[address >> (12 + 9 * l) & (TABLE_ENTRIES - 1)];

		if (!pte_is_table(entry)) {
			return NULL;
		}
		table = table_below(entry);
	}
	return &table[address >> (12 + 9 * level) & (TABLE_ENTRIES - 1)];
}

/* As table_entry; NULL also if one of the tables on the way hangs in several places, so that the
 * entry must not be changed. */
static inline uint64_t *
table_own_entry(const struct captree *t, struct space *s, uint64_t address, uint32_t level)
{
	uint64_t *table = space_root(s);

	for (uint32_t l = 2; l > level; l--) {
		uint64_t entry = table[address >> (12 + 9 * l) & (TABLE_ENTRIES - 1)];

		if (!pte_is_table(entry) ||
		    TABLE_HANGINGS(&t->frames[pte_page(entry) - t->base_page]) > 1) {
			return NULL;
		}
		table = table_below(entry);
	}
	return &table[address >> (12 + 9 * level) & (TABLE_ENTRIES - 1)];
}

/* `entry`, of a table above level 0, is about to be filled: counted, and its group noted. */
void table_fill(struct captree *t, const uint64_t *entry);
/* The pair at `page` becomes a table of `level`. */
void table_init(struct captree *t, uint64_t page, uint32_t level);
/* Does a table above the entries of `level` for `address` hang in several places? Then they must
 * not be changed. */
bool table_is_shared(struct kernel *k, struct space *s, uint64_t address, uint32_t level);
/* The table whose first frame is `f` hangs in one entry more, in space `s`, with the binding id
 * `place` / in one less. */
void table_count_again(struct kernel *k, struct space *s, struct frame *f, uint32_t place);
static inline void
table_count(struct kernel *k, struct space *s, struct frame *f, uint32_t place)
{
	if (TABLE_HANGINGS(f) || (TABLE_LEVEL(f) && TABLE_MARKS(f) & TABLE_HUNG)) {
		table_count_again(k, s, f, place);
		return;
	}
	TABLE_HANGINGS(f) = 1;
	TABLE_PLACE(f) = place;
	TABLE_MARKS(f) |= TABLE_HUNG;
}
void table_uncount(struct kernel *k, struct frame *f);
/* Hang a TABLE above `address`, which is aligned to what it covers. 0 E_NOTABLE E_MAPPED E_ALIGN
 * E_SHARED (the table above is). */
int table_hang(struct kernel *k, struct space *s, uint64_t address, struct cap *table);

/* Empty the valid ones of `n` entries from `first` on, all of one table of `level`: mappings, and
 * tables, which keep what is in them. Returns how many, and ORs old A and D bits into *old. */
uint64_t table_break_run(struct kernel *k, uint64_t *first, uint64_t n, uint32_t level,
			 uint64_t *old);
/* Break the entry whose binding id is `id`, wherever it stands. */
void table_break(struct kernel *k, uint32_t id);
/* Break valid entries of a dead table for `work` units; true when none is left. */
bool table_dismantle(struct kernel *k, uint64_t *table, uint32_t work);

#endif
