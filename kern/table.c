/* SPDX-License-Identifier: MIT
 * table.c: page tables as objects: hanging them in spaces, taking them out, emptying them.
 *
 * A table may hang in several places; then nobody changes it (table_is_shared), and unshare.c
 * copies it. Who breaks an entry must know whose TLBs may hold it: from a table that hangs in one
 * known place a chain of parents leads to its space; from any other one, several spaces may be
 * reached.
 *
 * State:      in the frame table: of a table's first frame `holder` counts the places it hangs in
 *             and `spare` is its level; of its second one `holder` is the place, if it is the only
 *             one, `spare` whether it ever hung. Its entries and their links in its frames.
 * Invariants: those of space.c; table_valid is the number of valid entries. A table that hangs in
 *             several places, or at an unknown one, can be reached from spaces marked `shares`
 *             only, and k->sharing_harts has the harts of all those.
 * Callers:    space.c and kern/sys with checked arguments, revocation, burial. Tree lock held; the
 *             caller fences (kernel_unlock_fence).
 */
#include "kern/table.h"
#include "kern/space_fast.h"
#include "lib/base/checked.h"

#define ROW        8           /* entries that are looked at together */
#define COST_ROW   1           /* looking at one, in units of captree.work */
#define COST_BREAK 4           /* breaking an entry */
#define TABLES_ONE (1ul << 17) /* user addresses >> 21 have 17 bits */

void
table_init(struct captree *t, uint64_t page, uint32_t level)
{
	struct frame *f = frame_at(t, page);

	TABLE_HANGINGS(f) = 0;
	TABLE_LEVEL(f) = (uint8_t)level;
	TABLE_PLACE(f) = 0;
	TABLE_HUNG(f) = false;
}

/* Of the table that this entry stands in. */
static uint32_t
level_of(struct kernel *k, const uint64_t *entry)
{
	const struct frame *f = frame_at(&k->tree, arch_physical(entry) >> PAGE_SHIFT);

	return f->kind == FRAME_TABLE ? TABLE_LEVEL(f) : 2;
}

/* --- which spaces --------------------------------------------------------------------------- */
/* Tables of `s` may hang elsewhere as well. Pairs with space_enter: either the hart is seen here,
 * or it sees the mark. */
static void
mark_sharing(struct kernel *k, struct space *s)
{
	__atomic_store_n(&s->shares, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_fetch_or(&k->sharing_harts, __atomic_load_n(&s->harts, __ATOMIC_RELAXED),
			  __ATOMIC_RELAXED);
}

/* The only space in which `entry` translates something, and the address that it translates there.
 * NULL and *several = false: there is none; true: perhaps several, all marked. */
static struct space *
space_of(struct kernel *k, const uint64_t *entry, uint64_t *address, bool *several)
{
	*address = 0;
	*several = false;
	for (;;) {
		uint64_t index = ((uint64_t)entry & (PAGE_SIZE - 1)) / sizeof(*entry);
		uint64_t table = (uint64_t)entry - (uint64_t)k->tree.base;
		const struct frame *f = &k->tree.frames[table >> PAGE_SHIFT];

		if (f->kind == FRAME_SPACE) {
			*address |= index << (12 + 9 * 2);
			return space_at(k->tree.base_page + (table >> PAGE_SHIFT));
		}
		*address |= index << (12 + 9 * TABLE_LEVEL(f));
		if (TABLE_HANGINGS(f) != 1 || !TABLE_PLACE(f)) {
			*several = TABLE_HANGINGS(f) != 0;
			return NULL;
		}
		entry = bind_pte(&k->tree, (uint32_t)TABLE_PLACE(f));
	}
}

bool
table_is_shared(struct kernel *k, struct space *s, uint64_t address, uint32_t level)
{
	uint64_t *table = space_root(s);
	uint64_t most = 0;

	for (uint32_t l = 2; l > level; l--) {
		uint64_t entry = table[address >> (12 + 9 * l) & (TABLE_ENTRIES - 1)];
		struct frame *f;

		if (!pte_is_table(entry)) {
			break;
		}
		f = frame_at(&k->tree, pte_page(entry));
		most = TABLE_HANGINGS(f) > most ? TABLE_HANGINGS(f) : most;
		table = table_below(entry);
	}
	return most > 1;
}

/* --- hanging -------------------------------------------------------------------------------- */
void
table_count(struct kernel *k, struct space *s, struct frame *f, uint32_t place)
{
	if (TABLE_HANGINGS(f)++ == 0) {
		TABLE_PLACE(f) = place;
	} else {
		k->tables += TABLES_ONE; /* nobody writes to it by heart any more */
	}
	if (TABLE_HANGINGS(f) > 1 && TABLE_PLACE(f)) {
		struct space *other;
		uint64_t address;
		bool several;

		other = space_of(k, bind_pte(&k->tree, (uint32_t)TABLE_PLACE(f)), &address,
				 &several);
		if (other) {
			mark_sharing(k, other);
		}
		TABLE_PLACE(f) = 0;
	}
	/* shared tables may be in one of level 1 that has hung before */
	if (!TABLE_PLACE(f) || (TABLE_LEVEL(f) && TABLE_HUNG(f))) {
		mark_sharing(k, s);
	}
	TABLE_HUNG(f) = true;
}

void
table_uncount(struct kernel *k, struct frame *f)
{
	if (--TABLE_HANGINGS(f) == 0) {
		TABLE_PLACE(f) = 0;
	}
	k->tables += TABLES_ONE;
}

int
table_hang(struct kernel *k, struct space *s, uint64_t address, struct cap *table)
{
	struct frame *f = frame_at(&k->tree, table->start);
	uint32_t level = TABLE_LEVEL(f) + 1u;
	uint32_t place;
	uint64_t *entry;

	if (!is_aligned(address, 1ul << (12 + 9 * level))) {
		return E_ALIGN;
	}
	entry = table_own_entry(&k->tree, s, address, level);
	if (!entry) {
		return table_is_shared(k, s, address, level) ? E_SHARED : E_NOTABLE;
	}
	if (*entry & PTE_V) {
		return E_MAPPED;
	}
	place = bind_pte_id(&k->tree, entry);
	table_count(k, s, f, place);
	++*table_valid(&k->tree, entry);
	bind_link(&k->tree, table, place, 0);
	__atomic_store_n(entry, table->start << PTE_PAGE_SHIFT | PTE_V, __ATOMIC_RELEASE);
	return 0;
}

/* --- breaking ------------------------------------------------------------------------------- */
/* At level 0, V without R, W, X is a mapping that faults; above, a table. */
static inline uint64_t
break_entry(struct kernel *k, uint64_t *entry, uint32_t level)
{
	uint64_t old = __atomic_exchange_n(entry, 0, __ATOMIC_ACQ_REL);

	k->tree.work += COST_BREAK;
	--*table_valid(&k->tree, entry);
	bind_unlink_node(&k->tree, space_links(entry));
	if (level == 0 || pte_is_large(old)) {
		struct frame *f = table_frame(&k->tree, old);

		if (f) {
			f->references--;
		}
	} else {
		table_uncount(k, frame_at(&k->tree, pte_page(old)));
	}
	return old & (PTE_A | PTE_D);
}

/* The hardware writes nothing to entries above a table, so a store will do. */
static inline void
unhang(struct kernel *k, uint64_t *entry)
{
	struct frame *f = &k->tree.frames[pte_page(*entry) - k->tree.base_page];

	*(volatile uint64_t *)entry = 0;
	bind_unlink_node(&k->tree, space_links(entry));
	if (--TABLE_HANGINGS(f) == 0) {
		TABLE_PLACE(f) = 0;
	}
}

uint64_t
table_break_run(struct kernel *k, uint64_t *first, uint64_t n, uint32_t level, uint64_t *old)
{
	uint64_t mapped = 0;
	uint64_t unhung = 0;

	for (uint64_t *entry = first; entry < first + n; entry++) {
		if (level && pte_is_table(*entry)) {
			unhang(k, entry);
			unhung++;
		} else if (*entry & PTE_V) {
			*old |= break_entry(k, entry, level);
			mapped++;
		}
	}
	if (unhung) {
		*table_valid(&k->tree, first) -= (uint16_t)unhung;
		k->tree.work += (uint32_t)unhung * COST_BREAK;
		k->tables += TABLES_ONE;
	}
	return mapped + unhung;
}

void
table_break(struct kernel *k, uint32_t id)
{
	uint64_t *entry = bind_pte(&k->tree, id);
	uint32_t level = level_of(k, entry);
	uint64_t address;
	bool several;
	struct space *s = space_of(k, entry, &address, &several);

	break_entry(k, entry, level);
	if (s) {
		space_owe(k, s, address, level ? 0 : 1);
	} else if (several) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		kernel_owe(k, __atomic_load_n(&k->sharing_harts, __ATOMIC_RELAXED),
			   &(struct arch_fence){0});
	}
}

/* Is one of these eight entries valid? Most rows of most tables are empty. */
static inline bool
row_is_valid(const uint64_t *row)
{
	return (row[0] | row[1] | row[2] | row[3] | row[4] | row[5] | row[6] | row[7]) & PTE_V;
}

/* False if `most` was reached first. */
static bool
row_dismantle(struct kernel *k, uint64_t *row, uint32_t level, uint32_t most)
{
	for (uint64_t *entry = row; entry < row + ROW; entry++) {
		if (*entry & PTE_V) {
			if ((int32_t)(k->tree.work - most) >= 0) {
				return false;
			}
			break_entry(k, entry, level);
		}
	}
	return true;
}

/* How far it has come stands where pins of the table's first frame are counted when it is memory.
 */
bool
table_dismantle(struct kernel *k, uint64_t *table, uint32_t entries, uint32_t work)
{
	struct frame *f = frame_at(&k->tree, arch_physical(table) >> PAGE_SHIFT);
	const uint16_t *left = table_valid(&k->tree, table);
	uint32_t level = level_of(k, table);
	uint32_t most = k->tree.work + work;
	uint64_t *row = table + f->pins;

	for (; *left && row < table + entries; row += ROW) {
		k->tree.work += COST_ROW;
		if ((int32_t)(k->tree.work - most) >= 0 ||
		    (row_is_valid(row) && !row_dismantle(k, row, level, most))) {
			f->pins = (uint16_t)(row - table);
			return false;
		}
	}
	f->pins = 0;
	return true;
}
