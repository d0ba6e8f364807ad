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
 *             one, `spare` whether it ever hung or was noted in. Entries and links in its frames.
 * Invariants: those of space.c; table_valid is the number of valid entries. A table that hangs in
 *             several places, or at an unknown one, can be reached from spaces marked `shares`
 *             only, and k->sharing_harts has the harts of all those.
 * Callers:    space.c and kern/sys with checked arguments, revocation, burial. Tree lock held; the
 *             caller fences (kernel_unlock_fence).
 */
#include "kern/table.h"
#include "kern/space_fast.h"
#include "lib/base/checked.h"
#include "lib/base/store.h"

#define ROW         8 /* entries that are looked at together */
#define GROUPS      (TABLE_ENTRIES / GROUP)
#define USER_GROUPS (GROUPS / 2) /* of a root */
#define COST_GROUP  8            /* looking at a group, in units of captree.work */
#define COST_BREAK  4            /* breaking an entry, */
#define COST_RUN    6            /* breaking leaves that lie together, besides one each */
#define TABLES_ONE  (1ul << 17)  /* user addresses >> 21 have 17 bits */

void
table_fill(struct captree *t, const uint64_t *entry)
{
	uint64_t pair = ((uint64_t)entry - (uint64_t)t->base) >> (PAGE_SHIFT + 1);
	uint64_t group = (uint64_t)entry / (GROUP * sizeof(*entry)) % GROUPS;

	TABLE_GROUPS(&t->frames[2 * pair]) |= (uint16_t)(1u << group);
	t->frames[2 * pair + 1].pins++;
}

void
table_init(struct captree *t, uint64_t page, uint32_t level)
{
	struct frame *f = frame_at(t, page);

	TABLE_HANGINGS(f) = 0;
	TABLE_LEVEL(f) = (uint8_t)level;
	TABLE_PLACE(f) = 0;
	TABLE_MARKS(f) = 0;
	TABLE_GROUPS(f) = level ? 0 : 0xffff; /* leaves are filled without a note */
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
	store_relaxed(&s->shares, 1);
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
table_count_again(struct kernel *k, struct space *s, struct frame *f, uint32_t place)
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
	if (!TABLE_PLACE(f) || (TABLE_LEVEL(f) && TABLE_MARKS(f) & TABLE_HUNG)) {
		mark_sharing(k, s);
	}
	TABLE_MARKS(f) |= TABLE_HUNG;
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
	table_fill(&k->tree, entry);
	bind_link(&k->tree, table, place, 0);
	store_release(entry, table->start << PTE_PAGE_SHIFT | PTE_V);
	if (level == 1 && TABLE_HANGINGS(f) == 1) { /* mostly it is filled next */
		space_remember(k, s, address, arch_ram(table->start << PAGE_SHIFT));
	}
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

/* Is one of these eight entries valid? Most rows of most tables are empty. */
static inline bool
row_is_valid(const uint64_t *row)
{
	return (row[0] | row[1] | row[2] | row[3] | row[4] | row[5] | row[6] | row[7]) & PTE_V;
}

/* The first valid one from `entry` on; `end` or behind it if there is none. Only the lock's holder
 * makes entries valid or invalid. */
static inline uint64_t *
next_valid(uint64_t *entry, const uint64_t *end)
{
	while (entry < end && !(*entry & PTE_V)) {
		if ((uint64_t)entry % (ROW * sizeof(*entry))) {
			entry++;
		} else if (!row_is_valid(entry)) {
			entry += ROW;
		} else { /* one of the row is */
			while (!(*++entry & PTE_V)) {
			}
		}
	}
	return entry;
}

/* Breaks the leaves of level 0 from `entry` on that follow each other in one capability's list, as
 * a run that was mapped in one go does: so they leave it together. Returns where it stopped, before
 * `end`; ORs old entries into *old. */
static inline uint64_t *
break_leaves(struct captree *t, uint64_t *entry, const uint64_t *end, uint64_t *old)
{
	struct frame *frames = t->frames; /* read once, whatever is written */
	uint64_t base_page = t->base_page;
	uint64_t pages = t->pages;
	uint32_t id = bind_pte_id(t, entry);
	uint32_t prev = space_links(entry)->prev;
	uint32_t next;
	uint64_t was = 0;

	do {
		uint64_t pte = __atomic_exchange_n(entry, 0, __ATOMIC_RELAXED);
		uint64_t page = pte_page(pte) - base_page;

		was |= pte;
		if (page < pages) {
			frames[page].references--;
		}
		next = space_links(entry++)->next;
		id++;
	} while (entry < end && !(uint32_t)((next ^ id) << 1)); /* but BIND_WRITABLE */
	bind_unlink_node(t, &(struct bind_node){.next = next, .prev = prev});
	*old |= was & (PTE_A | PTE_D);
	return entry;
}

/* All valid leaves from `entry` to `end`; as above, returns how many. */
static uint64_t
break_all_leaves(struct kernel *k, uint64_t *entry, const uint64_t *end, uint64_t *old)
{
	uint64_t broken = 0;

	while ((entry = next_valid(entry, end)) < end) {
		uint64_t *from = entry;

		entry = break_leaves(&k->tree, from, end, old);
		broken += (uint64_t)(entry - from);
		k->tree.work += COST_RUN;
	}
	k->tree.work += (uint32_t)broken;
	return broken;
}

/* The hardware writes nothing to entries above a table, so a store will do. Most tables hang in one
 * place only, so the list of their capability has one binding. `here` is a copy of the tree's head,
 * read once. */
static inline __attribute__((always_inline)) void
unhang(struct captree *t, const struct captree *here, uint64_t *entry)
{
	struct frame *f = &here->frames[pte_page(*entry) - here->base_page];
	uint64_t links = *(uint64_t *)space_links(entry); /* prev << 32 | next */

	*(volatile uint64_t *)entry = 0;
	if (LIKELY(!(links << 33) && (int64_t)links < 0)) {
		cap_at(here, links << 1 >> 33)->bindings = 0;
	} else {
		bind_unlink_node(t, space_links(entry));
	}
	if (LIKELY(--TABLE_HANGINGS(f) == 0)) {
		TABLE_PLACE(f) = 0;
	}
}

/* Tables and large pages; as table_break_run. */
static uint64_t
break_upper(struct kernel *k, uint64_t *first, const uint64_t *end, uint32_t level, uint64_t *old)
{
	const struct captree here = {
		.base = k->tree.base, .base_page = k->tree.base_page, .frames = k->tree.frames};
	uint64_t mapped = 0;
	uint64_t unhung = 0;

	for (uint64_t *entry = first; entry < end; entry++) {
		if (LIKELY(pte_is_table(*entry))) {
			unhang(&k->tree, &here, entry);
			unhung++;
		} else if (*entry & PTE_V) {
			*old |= break_entry(k, entry, level);
			mapped++;
		} else {
			entry = next_valid(entry, end) - 1;
		}
	}
	if (unhung) {
		*table_valid(&k->tree, first) -= (uint16_t)unhung;
		k->tree.work += (uint32_t)unhung * COST_BREAK;
		k->tables += TABLES_ONE;
	}
	return mapped + unhung;
}

uint64_t
table_break_run(struct kernel *k, uint64_t *first, uint64_t n, uint32_t level, uint64_t *old)
{
	uint64_t broken;

	if (level) {
		return break_upper(k, first, first + n, level, old);
	}
	broken = break_all_leaves(k, first, first + n, old);
	*table_valid(&k->tree, first) -= (uint16_t)broken;
	return broken;
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

/* Is there work left? */
static inline bool
goes_on(const struct kernel *k, uint32_t most)
{
	return (int32_t)(most - k->tree.work) > 0;
}

/* False if `most` was reached first. */
static inline bool
dismantle_leaves(struct kernel *k, uint64_t *entry, uint32_t most)
{
	const uint64_t *end = entry + GROUP;
	uint16_t *left = table_valid(&k->tree, entry);
	uint64_t old = 0;

	while ((entry = next_valid(entry, end)) < end) {
		uint64_t *from = entry;

		if (!goes_on(k, most)) {
			return false;
		}
		entry = break_leaves(&k->tree, from, end, &old);
		*left -= (uint16_t)(entry - from);
		k->tree.work += (uint32_t)(entry - from) + COST_RUN;
		if (!*left) {
			break;
		}
	}
	return true;
}

static inline void
dismantle_upper(struct kernel *k, uint64_t *entry, uint32_t level)
{
	if (pte_is_large(*entry)) {
		break_entry(k, entry, level);
		return;
	}
	unhang(&k->tree, &k->tree, entry);
	--*table_valid(&k->tree, entry);
	k->tables += TABLES_ONE;
	k->tree.work += COST_BREAK;
}

/* The same above level 0, from the end: most tables there have the one of the u-area as their last
 * entry, and no other. */
static inline bool
dismantle_tables(struct kernel *k, uint64_t *group, uint32_t level, uint32_t most)
{
	const uint16_t *left = table_valid(&k->tree, group);

	for (uint64_t *row = group + GROUP - ROW; row >= group; row -= ROW) {
		if (!row_is_valid(row)) {
			continue;
		}
		for (uint64_t *entry = row + ROW - 1; entry >= row; entry--) {
			if (!(*entry & PTE_V)) {
				continue;
			}
			if (!goes_on(k, most)) {
				return false;
			}
			dismantle_upper(k, entry, level);
			if (!*left) {
				return true;
			}
		}
	}
	return true;
}

/* Leaves group by group, which of them are left says how far it has come; tables likewise, but the
 * last group first. */
bool
table_dismantle(struct kernel *k, uint64_t *table, uint32_t work)
{
	struct frame *f = frame_at(&k->tree, arch_physical(table) >> PAGE_SHIFT);
	const uint16_t *left = table_valid(&k->tree, table);
	uint32_t level = f->kind == FRAME_TABLE ? TABLE_LEVEL(f) : 2;
	uint64_t groups = level == 2 ? USER_GROUPS : GROUPS;
	uint32_t most = k->tree.work + work;

	for (uint64_t i = 0; *left && i < groups; i++) {
		uint64_t group = level ? groups - 1 - i : i;
		uint64_t *first = table + group * GROUP;

		if (!(TABLE_GROUPS(f) >> group & 1)) {
			continue;
		}
		if (!goes_on(k, most) || !(level ? dismantle_tables(k, first, level, most)
						 : dismantle_leaves(k, first, most))) {
			return false;
		}
		TABLE_GROUPS(f) &= (uint16_t) ~(1u << group);
		k->tree.work += COST_GROUP;
	}
	TABLE_GROUPS(f) = 0;
	return true;
}
