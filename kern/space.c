/* SPDX-License-Identifier: MIT
 * space.c: address spaces: Sv39 page tables made of donated pairs of frames.
 *
 *   38      30 29      21 20      12 11         0
 *   | level 2 |  level 1 |  level 0 | in the page |      a table covers 512 GiB (root, 256 GiB for
 * users), 1 GiB, 2 MiB
 *
 * State:      in the tables; an entry and its links in the shadow frame, 4096 bytes above.
 * Invariants: a valid entry is linked in the list of exactly one capability; a leaf's frame counts
 * it in `references`; entries change by atomic operations only, because the hardware sets A and D
 * at the same time; nothing of an invalid entry's links counts. Callers:    kern/sys with checked
 * arguments, revocation. Tree lock held; the caller fences (kernel_unlock_fence). Priv. spec
 * 4.3.1, 4.4.1.
 */
#include "kern/space.h"
#include "kern/space_fast.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define ENTRIES        512ul
#define TABLE_LEVEL(f) ((f)->spare) /* of a frame of kind FRAME_TABLE */
#define TABLE_HUNG(f)                                                                              \
	((f)->holder) /* 1 while it hangs in a space: in one only, whose harts then are all that   \
			 must fence */
#define TABLES_ONE (1ul << 17) /* user addresses >> 21 have 17 bits */

static inline uint64_t *
next_table(uint64_t entry)
{
	return arch_ram(pte_page(entry) << PAGE_SHIFT);
}

void
space_init(struct space *s)
{
	uint64_t *root = space_root(s);

	arch_root_init(root);
	memset(s, 0, sizeof(*s));
	s->last_key = ~0ul;
	s->satp = arch_satp(arch_physical(root));
}

void
space_owe(struct kernel *k, struct space *s)
{
	k->tree.broken = true;
	k->fence_mask |= __atomic_load_n(&s->harts, __ATOMIC_ACQUIRE);
}

/* The entry at `level` that translates `address`, NULL if a table above is missing. */
static inline uint64_t *
entry_at(struct space *s, uint64_t address, uint32_t level)
{
	uint64_t *table = space_root(s);

	for (uint32_t l = 2; l > level; l--) {
		uint64_t entry = table[address >> (12 + 9 * l) & (ENTRIES - 1)];

		if (!pte_is_table(entry)) {
			return NULL;
		}
		table = next_table(entry);
	}
	return &table[address >> (12 + 9 * level) & (ENTRIES - 1)];
}

bool
space_has_table(struct space *s, uint64_t address, uint32_t level)
{
	return entry_at(s, address, level) != NULL;
}

/* entry_at level 0, which remembers the table. */
static uint64_t *
leaf_entry(struct kernel *k, struct space *s, uint64_t address)
{
	uint64_t *entry = space_cached_entry(k, s, address);

	if (!entry) {
		entry = entry_at(s, address, 0);
		if (entry) {
			s->last_key = space_key(k, address);
			s->last_table = (uint64_t *)((uint64_t)entry & ~(PAGE_SIZE - 1));
		}
	}
	return entry;
}

/* How many of `count` pages from `address` on lie under one level 0 table. */
static inline uint64_t
in_one_table(uint64_t address, uint64_t count)
{
	uint64_t left = ENTRIES - (address >> PAGE_SHIFT & (ENTRIES - 1));

	return count < left ? count : left;
}

/* Can this entry be filled with this frame, which c's carve bound last? */
static inline bool
is_mappable(const struct cap *c, uint64_t pte, const struct frame *f)
{
	return LIKELY(!(pte & PTE_V) && f->holder == c->carve &&
		      f->references < FRAME_REFERENCES_MAX);
}

/* Fill empty entries from `first` on, up to n, as far as frames are mappable, and link them in
 * front of c's list: one store each for entry and links. Returns how many. */
static uint64_t
fill_run(struct captree *t, struct cap *c, uint64_t *first, uint64_t n, uint64_t pte,
	 struct frame *f)
{
	uint32_t ceiling = cap_rights(c) & EXO_WRITE ? BIND_WRITABLE : 0;
	uint32_t id = bind_pte_id(t, first);
	uint64_t link = (uint64_t)(id - 1) << 32 | ((id + 1) | ceiling);
	uint64_t *entry = first;

	for (; entry < first + n && is_mappable(c, *entry, f); entry++, f++) {
		f->references++;
		*(uint64_t *)space_links(entry) = link;
		*(volatile uint64_t *)entry = pte;
		pte += 1ul << PTE_PAGE_SHIFT;
		link += 1ul << 32 | 1;
	}
	n = (uint64_t)(entry - first);
	if (n) {
		space_links(first)->prev = BIND_CAP | cap_id(t, c);
		space_links(entry - 1)->next = c->bindings | ceiling;
		if (c->bindings) {
			bind_at(t, c->bindings)->prev = id + (uint32_t)n - 1;
		}
		c->bindings = id;
	}
	return n;
}

int
space_map(struct kernel *k, struct space *s, uint64_t address, struct cap *c, uint64_t page,
	  uint64_t *count, uint64_t rights)
{
	uint64_t *entry = leaf_entry(k, s, address);
	struct frame *f = frame_at(&k->tree, page);
	uint64_t n = in_one_table(address, *count);
	uint64_t pte = page << PTE_PAGE_SHIFT | space_leaf_bits(rights);

	*count = 0;
	if (!entry) {
		return E_NOTABLE;
	}
	*count = fill_run(&k->tree, c, entry, n, pte, f);
	if (*count) {
		return 0;
	}
	return *entry & PTE_V ? E_MAPPED : f->holder != c->carve ? SPACE_CLEAR : E_LIMIT;
}

int
space_map_object(struct kernel *k, struct space *s, uint64_t address, struct cap *c, uint64_t page,
		 uint64_t rights)
{
	uint64_t *entry = entry_at(s, address, 0);

	if (!entry) {
		return E_NOTABLE;
	}
	if (*entry & PTE_V) {
		return E_MAPPED;
	}
	frame_at(&k->tree, page)->references++;
	bind_link(&k->tree, c, bind_pte_id(&k->tree, entry),
		  rights & EXO_WRITE ? BIND_WRITABLE : 0);
	__atomic_store_n(entry, page << PTE_PAGE_SHIFT | space_leaf_bits(rights), __ATOMIC_RELAXED);
	return 0;
}

int
space_hang(struct kernel *k, struct space *s, uint64_t address, struct cap *table)
{
	struct frame *f = frame_at(&k->tree, table->start);
	uint32_t level = TABLE_LEVEL(f) + 1u;
	uint64_t *entry;

	if (!is_aligned(address, 1ul << (12 + 9 * level))) {
		return E_ALIGN;
	}
	entry = entry_at(s, address, level);
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

/* Empty one valid entry; returns its old A and D bits. */
static uint64_t
break_entry(struct kernel *k, uint64_t *entry, bool leaf)
{
	uint64_t old = __atomic_exchange_n(entry, 0, __ATOMIC_ACQ_REL);

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
space_break(struct kernel *k, uint32_t id)
{
	uint64_t *entry = (uint64_t *)((uint8_t *)bind_at(&k->tree, id) - 4096);

	break_entry(k, entry, is_leaf(k, entry));
	k->tree.broken = true;
	k->fence_mask =
		~0ul >> (64 - k->harts); /* which spaces the table hangs in is not known here */
}

bool
space_dismantle(struct kernel *k, uint64_t *table, uint32_t entries, uint32_t budget)
{
	bool leaf = is_leaf(k, table);

	for (uint32_t i = 0; i < entries; i++) {
		if (table[i] & PTE_V) {
			if (!budget--) {
				return false;
			}
			break_entry(k, &table[i], leaf);
		}
	}
	return true;
}

static bool
table_is_empty(const uint64_t *table)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		if (table[i] & PTE_V) {
			return false;
		}
	}
	return true;
}

/* No table for the pages at `address`: how far that holds. */
static uint64_t
skip(struct space *s, uint64_t address, uint64_t count)
{
	uint32_t level = entry_at(s, address, 1) ? 1 : 2;
	uint64_t covered = 1ul << (12 + 9 * level);
	uint64_t left = (covered - (address & (covered - 1))) >> PAGE_SHIFT;

	return count < left ? count : left;
}

/* A request for exactly what one empty table covers takes the table out. Returns 0 if it did,
 * E_NOENT if there is no such. */
static int
unhang(struct kernel *k, struct space *s, uint64_t address, uint64_t count)
{
	for (uint32_t level = 1; level <= 2; level++) {
		uint64_t *entry = entry_at(s, address, level);

		if (count == 1ul << 9 * level && is_aligned(address, count << PAGE_SHIFT) &&
		    entry && pte_is_table(*entry) && table_is_empty(next_table(*entry))) {
			break_entry(k, entry, false);
			space_owe(k, s);
			return 0;
		}
	}
	return E_NOENT;
}

int
space_unmap(struct kernel *k, struct space *s, uint64_t address, uint64_t *count, uint64_t most,
	    uint64_t *old)
{
	uint64_t *entry = leaf_entry(k, s, address);
	uint64_t n = in_one_table(address, *count);
	uint64_t i;

	if (unhang(k, s, address, *count) == 0) {
		return 0;
	}
	if (!entry) {
		*count = skip(s, address, *count);
		return 0;
	}
	for (i = 0; i < n && i < most; i++) {
		if (entry[i] & PTE_V) {
			*old |= break_entry(k, &entry[i], true);
			space_owe(k, s);
		}
	}
	*count = i;
	return 0;
}

/* One entry whose rights do not simply shrink. 0, E_NOTMAPPED, E_RIGHTS. */
static int
protect_entry(uint64_t *entry, uint64_t rights, uint64_t *old)
{
	uint64_t pte = *entry;

	if (!(pte & PTE_V)) {
		return E_NOTMAPPED;
	}
	if ((rights & EXO_WRITE && !(space_links(entry)->next & BIND_WRITABLE)) ||
	    rights & EXO_EXEC & ~pte) {
		return E_RIGHTS;
	}
	*old |= __atomic_exchange_n(entry, (pte & ~PTE_RWX) | rights, __ATOMIC_ACQ_REL) &
		(PTE_A | PTE_D);
	return 0;
}

int
space_protect(struct kernel *k, struct space *s, uint64_t address, uint64_t *count, uint64_t rights,
	      uint64_t *old)
{
	uint64_t *first = leaf_entry(k, s, address);
	uint64_t *end = first + in_one_table(address, *count);
	uint64_t *entry = first;
	uint64_t keep = ~(PTE_RWX & ~rights);
	uint64_t need = PTE_V | rights;
	uint64_t bits = 0;
	int error = first ? 0 : E_NOTMAPPED;

	for (; !error && entry < end; entry += !error) {
		if (LIKELY((*entry & need) == need)) {
			bits |= __atomic_fetch_and(entry, keep, __ATOMIC_RELAXED);
		} else {
			error = protect_entry(entry, rights, &bits);
		}
	}
	*count = (uint64_t)(entry - first);
	*old |= bits & (PTE_A | PTE_D);
	if (entry > first) {
		space_owe(k, s);
	}
	return error;
}
