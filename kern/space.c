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
#include "kern/table.h"
#include "lib/base/checked.h"
#include "lib/base/store.h"
#include "lib/base/string.h"

void
space_boot(struct kernel *k)
{
	/* where harts do not set A and D they fault, so all entries have both (Priv. spec 4.3.1) */
	k->leaf_bits = PTE_V | PTE_U | (arch_has_ad() ? 0 : PTE_A | PTE_D);
	k->keep_bits = ~(SPACE_BITS & ~k->leaf_bits);
}

void
space_init(struct kernel *k, struct space *s, bool is_empty)
{
	uint64_t *root = space_root(s);

	if (!is_empty) {
		arch_root_init(root);
	}
	s->harts = 0;
	s->shares = 0;
	s->last_key = ~0ul;
	s->last_table = NULL;
	s->last_valid = NULL;
	s->last_id = 0;
	s->asid = asid_take(&k->asids);
	s->satp = arch_satp(arch_physical(root), (uint32_t)s->asid);
}

void
space_end(struct kernel *k, struct space *s)
{
	asid_release(&k->asids, (uint32_t)s->asid);
}

bool
space_has_table(struct space *s, uint64_t address, uint32_t level)
{
	return table_entry(s, address, level) != NULL;
}

/* How many entries of `level` for `count` pages from `address` on lie in one table. */
static inline uint64_t
in_one_table(uint64_t address, uint64_t count, uint32_t level)
{
	uint64_t left = TABLE_ENTRIES - (address >> (12 + 9 * level) & (TABLE_ENTRIES - 1));

	count >>= 9 * level;
	return count < left ? count : left;
}

/* No table of `level` for the pages at `address`: how far that holds; 0 if it is because a large
 * page stands there. */
static uint64_t
skip(struct space *s, uint64_t address, uint64_t count, uint32_t level)
{
	uint64_t *entry = NULL;
	uint64_t covered;
	uint64_t left;

	while (!entry) {
		entry = table_entry(s, address, ++level);
	}
	if (*entry & PTE_V) {
		return 0;
	}
	covered = 1ul << (12 + 9 * level);
	left = (covered - (address & (covered - 1))) >> PAGE_SHIFT;
	return count < left ? count : left;
}

/* Why there is no entry of `level` that may be changed: a table above hangs in several places; or
 * `large`, because a large page stands there; or `missing`. */
static int
why_not(struct kernel *k, struct space *s, uint64_t address, uint32_t level, int missing, int large)
{
	if (table_is_shared(k, s, address, level)) {
		return E_SHARED;
	}
	return skip(s, address, 1, level) ? missing : large;
}

/* table_own_entry at level 0, which remembers the table. */
static uint64_t *
leaf_entry(struct kernel *k, struct space *s, uint64_t address)
{
	uint64_t *entry = space_cached_entry(k, s, address);

	if (!entry) {
		entry = table_own_entry(&k->tree, s, address, 0);
		if (entry) {
			space_remember(k, s, address,
				       (uint64_t *)((uint64_t)entry & ~(PAGE_SIZE - 1)));
		}
	}
	return entry;
}

bool
space_use_table(struct kernel *k, struct space *s, uint64_t address)
{
	return address < EXO_USER_END && leaf_entry(k, s, address);
}

/* Can this entry be filled with this frame, which `carve` bound last? */
static inline bool
is_mappable(uint64_t carve, uint64_t pte, const struct frame *f)
{
	return LIKELY(!(pte & PTE_V) && f->holder == carve && f->references < FRAME_REFERENCES_MAX);
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
	uint64_t carve = c->carve;

	for (; entry < first + n && is_mappable(carve, *entry, f); entry++, f++) {
		f->references++;
		*(uint64_t *)space_links(entry) = link;
		*(volatile uint64_t *)entry = pte;
		pte += 1ul << PTE_PAGE_SHIFT;
		link += 1ul << 32 | 1;
	}
	n = (uint64_t)(entry - first);
	*table_valid(t, first) += (uint16_t)n;
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
	  uint64_t *count, uint64_t bits)
{
	uint64_t *entry = leaf_entry(k, s, address);
	struct frame *f = frame_at(&k->tree, page);
	uint64_t n = in_one_table(address, *count, 0);

	*count = 0;
	if (!entry) {
		return why_not(k, s, address, 0, E_NOTABLE, E_MAPPED);
	}
	if (bits & EXO_EXEC) {
		n = frame_code_run(f, n);
	}
	*count = fill_run(&k->tree, c, entry, n, page << PTE_PAGE_SHIFT | k->leaf_bits | bits, f);
	if (*count) {
		return 0;
	}
	return *entry & PTE_V                          ? E_MAPPED
	       : f->holder != c->carve                 ? SPACE_CLEAR
	       : f->references >= FRAME_REFERENCES_MAX ? E_LIMIT
						       : SPACE_CODE;
}

int
space_map_entry(struct kernel *k, struct space *s, uint64_t address, uint32_t level, struct cap *c,
		uint64_t page, uint64_t bits)
{
	uint64_t *entry =
		level ? table_own_entry(&k->tree, s, address, level) : leaf_entry(k, s, address);
	uint64_t pte = page << PTE_PAGE_SHIFT | k->leaf_bits | bits;
	struct frame *f = table_frame(&k->tree, pte);
	uint64_t highest = cap_is_interval(c) ? cap_rights(c) : bits;

	if (!entry) {
		return why_not(k, s, address, level, E_NOTABLE, E_MAPPED);
	}
	if (*entry & PTE_V) {
		return E_MAPPED;
	}
	if (f && f->references >= FRAME_REFERENCES_MAX) {
		return E_LIMIT;
	}
	if (f) {
		f->references++;
	}
	if (level) {
		table_fill(&k->tree, entry);
	} else {
		++*table_valid(&k->tree, entry);
	}
	bind_link(&k->tree, c, bind_pte_id(&k->tree, entry),
		  highest & EXO_WRITE ? BIND_WRITABLE : 0);
	store_release(entry, pte);
	return 0;
}

int
space_note(struct kernel *k, struct space *s, uint64_t address, uint32_t level, uint64_t *count,
	   uint64_t most, uint64_t note)
{
	uint64_t *entry = table_own_entry(&k->tree, s, address, level);
	uint64_t n = in_one_table(address, *count, level);
	uint64_t i = 0;

	*count = 0;
	if (!entry) {
		return why_not(k, s, address, level, E_NOTABLE, E_MAPPED);
	}
	TABLE_MARKS(frame_at(&k->tree, arch_physical(entry) >> PAGE_SHIFT)) |= TABLE_NOTED;
	while (i < n && i < most && !(entry[i] & PTE_V)) {
		*(volatile uint64_t *)&entry[i++] = note << 1;
	}
	*count = i << 9 * level;
	return i ? 0 : E_MAPPED;
}

int
space_unmap(struct kernel *k, struct space *s, uint64_t address, uint32_t level, uint64_t *count,
	    uint64_t most, uint64_t *old)
{
	uint64_t *entry =
		level ? table_own_entry(&k->tree, s, address, level) : leaf_entry(k, s, address);
	uint64_t n = in_one_table(address, *count, level);

	if (!entry) {
		*count = skip(s, address, *count, level);
		return why_not(k, s, address, level, 0, E_ALIGN);
	}
	n = n < most ? n : most;
	if (table_break_run(k, entry, n, level, old)) {
		space_owe(k, s, address, level ? 0 : n);
	}
	*count = n << 9 * level;
	return 0;
}

/* One entry that gets bits it has not got. 0, E_NOTMAPPED, E_RIGHTS. */
static int
protect_entry(struct kernel *k, uint64_t *entry, uint32_t level, uint64_t bits, uint64_t *old)
{
	uint64_t pte = *entry;

	if (!(pte & PTE_V) || (level && pte_is_table(pte))) {
		return E_NOTMAPPED;
	}
	if ((bits & EXO_WRITE && !(space_links(entry)->next & BIND_WRITABLE)) ||
	    bits & EXO_EXEC & ~pte) {
		return E_RIGHTS;
	}
	pte = (pte & ~SPACE_BITS) | k->leaf_bits | bits;
	*old |= __atomic_exchange_n(entry, pte, __ATOMIC_RELAXED);
	return 0;
}

int
space_protect(struct kernel *k, struct space *s, uint64_t address, uint32_t level, uint64_t *count,
	      uint64_t bits, uint64_t *old)
{
	uint64_t *first =
		level ? table_own_entry(&k->tree, s, address, level) : leaf_entry(k, s, address);
	uint64_t *end = first ? first + in_one_table(address, *count, level) : NULL;
	uint64_t *entry = first;
	uint64_t keep = ~(SPACE_BITS & ~(bits | k->leaf_bits));
	uint64_t need = PTE_V | bits;
	uint64_t was = 0;
	int error = 0;

	if (!first) {
		*count = 0;
		return why_not(k, s, address, level, E_NOTMAPPED, E_ALIGN);
	}
	while (!error) {
		entry = space_narrow(entry, end, keep, need, &was);
		if (entry == end) {
			break;
		}
		error = protect_entry(k, entry, level, bits, &was);
		entry += !error;
	}
	*count = (uint64_t)(entry - first) << 9 * level;
	*old |= was & (PTE_A | PTE_D);
	if (entry > first) {
		space_owe(k, s, address, level ? 0 : *count);
	}
	return error;
}
