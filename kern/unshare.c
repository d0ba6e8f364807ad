/* SPDX-License-Identifier: MIT
 * unshare.c: give one space a table of its own in the place of one that hangs in several.
 *
 * Why the caller needs no capability for what is mapped in the copied table: a copy is a second
 * binding of the same page under the same capability, with the same rights and the same ceiling. It
 * stands behind the first one in that capability's list, so whatever takes the first takes the
 * copy, and protect can raise it no higher. The space reads and writes what it did before, no more;
 * a capability that is being revoked gets no new binding (its entries are left out).
 *
 * State:      none: how far a copy has come is the caller's to say; an entry left out because of
 *             what it says is only missing.
 * Invariants: those of table.c, after every step.
 * Callers:    kern/sys, tree lock held; the caller fences.
 */
#include "kern/unshare.h"
#include "kern/space_fast.h"
#include "kern/table.h"
#include "lib/base/checked.h"

#define WALK_MAX    64  /* bindings looked at to find whose an entry is */
#define NONE        ~0u /* no binding id */
#define COST_SINGLE 4   /* copying one alone or beginning a run, in entries of a run */

/* What is being copied. */
struct copy {
	struct kernel *k;
	struct space *space;
	uint64_t *from;
	uint64_t *to;
	uint32_t level;
	uint32_t last; /* binding id of the entry looked at last; whether that is being revoked */
	bool is_revoked;
	uint16_t valid; /* entries copied */
	int work;       /* what is left of it */
};

/* Put the binding `id` behind `beside`, under the same capability and with the same ceiling. */
static inline void
bind_beside(struct captree *t, uint32_t id, uint32_t beside)
{
	struct bind_node *node = bind_at(t, id);
	struct bind_node *first = bind_at(t, beside);
	uint32_t next = first->next & ~BIND_WRITABLE;

	node->next = first->next;
	node->prev = beside;
	first->next = (first->next & BIND_WRITABLE) | id;
	if (next) {
		bind_at(t, next)->prev = id;
	}
}

/* While capabilities are being revoked: is that of this entry? Neighbours mostly have the same one,
 * and follow each other in its list, with or without copies between them. 0 or E_BUSY. */
static int
look_for_revocation(struct copy *c, uint32_t id)
{
	struct captree *t = &c->k->tree;
	uint32_t at = id;

	if ((bind_at(t, id)->next & ~BIND_WRITABLE) == c->last) {
		c->last = id;
		return 0;
	}
	for (uint32_t i = 0; i < WALK_MAX && !(at & BIND_CAP); i++) {
		c->work--;
		at = bind_at(t, at)->prev;
		if (at == c->last) {
			c->last = id;
			return 0;
		}
	}
	if (!(at & BIND_CAP)) {
		return E_BUSY;
	}
	c->last = id;
	c->is_revoked = cap_is_revoked(t, cap_at(t, at & ~BIND_CAP));
	return 0;
}

/* Count the copy of `pte`, which has the binding id `id`, where the original is counted. */
static inline void
count_copy(struct copy *c, uint64_t pte, uint32_t id)
{
	struct frame *f = table_frame(&c->k->tree, pte);

	if (c->level && !pte_is_large(pte)) {
		table_count(c->k, c->space, f, id);
	} else if (f) {
		f->references++;
	}
}

static inline int
copy_valid(struct copy *c, uint64_t *to, uint64_t pte, uint32_t to_id, uint32_t from_id)
{
	struct captree *t = &c->k->tree;

	if (t->revocations) {
		int error = look_for_revocation(c, from_id);
		if (error || c->is_revoked) {
			return error;
		}
	}
	count_copy(c, pte, to_id);
	bind_beside(t, to_id, from_id);
	*(volatile uint64_t *)to = pte;
	c->valid++;
	return 0;
}

/* Up to `most` leaves from `i` on that follow each other in a list of bindings: their copies
 * go behind the last of them, in the same order. That is how a run that was mapped in one go lies
 * there, and it is many times as fast as one by one. Returns how many. */
static uint32_t
copy_run(struct copy *c, uint32_t i, uint32_t most, uint32_t to_id, uint32_t from_id)
{
	struct captree *t = &c->k->tree;
	struct frame *frames = t->frames; /* read once, not for each entry */
	uint64_t base_page = t->base_page;
	uint64_t pages = t->pages;
	uint64_t *from = c->from + i;
	uint64_t *to = c->to + i;
	uint64_t *stop = from + (TABLE_ENTRIES - i < most ? TABLE_ENTRIES - i : most);
	uint64_t link = from_id;
	uint64_t ids = (uint64_t)(to_id - 1) << 32 | (to_id + 1);
	uint32_t n;

	for (n = 0; from < stop && (link & ~BIND_WRITABLE) == from_id + n; from++, to++, n++) {
		uint64_t pte = *from;
		uint64_t page = pte_page(pte) - base_page;

		if (!(pte & PTE_V) || *to & PTE_V || page >= pages) {
			break;
		}
		frames[page].references++;
		link = space_links(from)->next;
		*(uint64_t *)space_links(to) = ids | (link & BIND_WRITABLE);
		*(volatile uint64_t *)to = pte;
		ids += 1ul << 32 | 1;
	}
	if (n) {
		bind_beside(t, to_id + n - 1, from_id + n - 1);
		if (n > 1) {
			space_links(to - 1)->prev = to_id + n - 2;
			space_links(c->to + i)->prev = from_id + n - 1;
			space_links(from - 1)->next =
				(space_links(from - 1)->next & BIND_WRITABLE) | to_id;
		}
		c->valid += (uint16_t)n;
	}
	return n;
}

static int
copy_some(struct copy *c, uint32_t *at)
{
	uint32_t from_id = bind_pte_id(&c->k->tree, c->from);
	uint32_t to_id = bind_pte_id(&c->k->tree, c->to);
	bool runs = c->level == 0 && !c->k->tree.revocations;
	uint32_t i = *at;
	int error = 0;

	while (i < TABLE_ENTRIES && c->work > 0 && !error) {
		uint64_t pte = c->from[i];
		uint32_t n = 0;

		if (runs && pte & PTE_V) {
			n = copy_run(c, i, (uint32_t)c->work, to_id + i, from_id + i);
		}
		if (n) {
			i += n;
			c->work -= (int)n + COST_SINGLE;
			continue;
		}
		if (c->to[i] & PTE_V) {
			error = E_MAPPED;
		} else if (pte & PTE_V) {
			error = copy_valid(c, &c->to[i], pte, to_id + i, from_id + i);
		} else {
			*(volatile uint64_t *)&c->to[i] = pte; /* what a libOS noted there */
		}
		i += !error;
		c->work -= pte & PTE_V ? COST_SINGLE : 1;
	}
	*at = i;
	*table_valid(&c->k->tree, c->to) += c->valid;
	return error;
}

/* The table takes the place of the other one. In one store, so that no thread of the space finds
 * nothing there. */
static void
take_place(struct copy *c, uint64_t *entry, struct cap *table)
{
	struct captree *t = &c->k->tree;
	uint32_t place = bind_pte_id(t, entry);
	uint64_t pte = table->start << PTE_PAGE_SHIFT | PTE_V;
	uint64_t old = __atomic_exchange_n(entry, pte, __ATOMIC_ACQ_REL);

	bind_unlink(t, place);
	table_uncount(c->k, frame_at(t, pte_page(old)));
	table_count(c->k, c->space, frame_at(t, table->start), place);
	bind_link(t, table, place, 0);
	space_owe(c->k, c->space, 0, 0);
}

int
unshare_step(struct kernel *k, struct space *s, uint64_t address, struct cap *table, uint32_t *from,
	     int work)
{
	struct frame *f = frame_at(&k->tree, table->start);
	struct copy c = {.k = k, .space = s, .level = TABLE_LEVEL(f), .last = NONE, .work = work};
	uint64_t *entry = table_entry(s, address, c.level + 1);
	int error;

	if (!is_aligned(address, 1ul << (21 + 9 * c.level))) {
		return E_ALIGN;
	}
	if (!entry || !pte_is_table(*entry)) {
		return E_NOTABLE;
	}
	if (table_is_shared(k, s, address, c.level + 1)) {
		return E_SHARED;
	}
	if (TABLE_HANGINGS(f)) {
		return E_BUSY;
	}
	c.from = table_below(*entry);
	c.to = arch_ram(table->start << PAGE_SHIFT);
	/* shared tables may be in it from now on, and notes */
	TABLE_MARKS(f) |= TABLE_HUNG | TABLE_NOTED;
	TABLE_GROUPS(f) |= TABLE_GROUPS(frame_at(&k->tree, pte_page(*entry)));
	error = copy_some(&c, from);
	if (!error && *from < TABLE_ENTRIES) {
		return UNSHARE_AGAIN;
	}
	if (!error) {
		take_place(&c, entry, table);
	}
	return error;
}
