/* SPDX-License-Identifier: MIT
 * table.c: page tables as objects: hanging them in a space, taking them out, emptying them.
 *
 * State:      a table's level and whether it hangs stand in the frame table (TABLE_LEVEL,
 *             TABLE_HUNG); its entries and their links in its pair of frames.
 * Invariants: those of space.c; table_valid is the number of valid entries; a table hangs in one
 *             space at most, whose harts then are all that must fence what is broken in it.
 * Callers:    space.c and kern/sys with checked arguments, revocation, burial. Tree lock held; the
 *             caller fences (kernel_unlock_fence).
 */
#include "kern/table.h"
#include "lib/base/checked.h"

#define TABLE_HUNG(f) ((f)->holder) /* 1 while it hangs in a space */
#define TABLES_ONE    (1ul << 17)   /* user addresses >> 21 have 17 bits */

int
table_hang(struct kernel *k, struct space *s, uint64_t address, struct cap *table)
{
	struct frame *f = frame_at(&k->tree, table->start);
	uint32_t level = TABLE_LEVEL(f) + 1u;
	uint64_t *entry;

	if (!is_aligned(address, 1ul << (12 + 9 * level))) {
		return E_ALIGN;
	}
	entry = table_entry(s, address, level);
	if (!entry) {
		return E_NOTABLE;
	}
	if (*entry & PTE_V) {
		return E_MAPPED;
	}
	if (TABLE_HUNG(f)) {
		return E_BUSY;
	}
	TABLE_HUNG(f) = 1;
	++*table_valid(&k->tree, entry);
	bind_link(&k->tree, table, bind_pte_id(&k->tree, entry), 0);
	__atomic_store_n(entry, table->start << PTE_PAGE_SHIFT | PTE_V, __ATOMIC_RELEASE);
	return 0;
}

/* Does this entry stand in a table of level 0? There V without R, W, X is a mapping that faults;
 * above, a table. */
static bool
is_leaf(struct kernel *k, const uint64_t *entry)
{
	const struct frame *f = frame_at(&k->tree, arch_physical(entry) >> PAGE_SHIFT);

	return f->kind == FRAME_TABLE && TABLE_LEVEL(f) == 0;
}

uint64_t
table_break_entry(struct kernel *k, uint64_t *entry, bool leaf)
{
	uint64_t old = __atomic_exchange_n(entry, 0, __ATOMIC_ACQ_REL);

	--*table_valid(&k->tree, entry);
	bind_unlink(&k->tree, bind_pte_id(&k->tree, entry));
	if (leaf) {
		frame_at(&k->tree, pte_page(old))->references--;
	} else {
		TABLE_HUNG(frame_at(&k->tree, pte_page(old))) = 0;
		k->tables += TABLES_ONE;
	}
	return old & (PTE_A | PTE_D);
}

void
table_break(struct kernel *k, uint32_t id)
{
	uint64_t *entry = (uint64_t *)((uint8_t *)bind_at(&k->tree, id) - 4096);

	table_break_entry(k, entry, is_leaf(k, entry));
	/* which spaces the table hangs in is not known here */
	kernel_owe(k, ~0ul >> (64 - k->harts), &(struct arch_fence){0});
}

bool
table_dismantle(struct kernel *k, uint64_t *table, uint32_t entries, uint32_t budget)
{
	bool leaf = is_leaf(k, table);
	const uint16_t *left = table_valid(&k->tree, table);

	for (uint32_t i = 0; *left && i < entries; i++) {
		if (table[i] & PTE_V) {
			if (!budget--) {
				return false;
			}
			table_break_entry(k, &table[i], leaf);
		}
	}
	return true;
}

int
table_unhang(struct kernel *k, struct space *s, uint64_t address, uint64_t count)
{
	for (uint32_t level = 1; level <= 2; level++) {
		uint64_t *entry = table_entry(s, address, level);

		if (count == 1ul << 9 * level && is_aligned(address, count << PAGE_SHIFT) &&
		    entry && pte_is_table(*entry) && !*table_valid(&k->tree, table_below(*entry))) {
			table_break_entry(k, entry, false);
			space_owe(k, s, 0, 0);
			return 0;
		}
	}
	return E_NOENT;
}
