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

#define WALK_MAX 64 /* bindings looked at to find whose an entry is */

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

/* Count the copy of `pte`, which has the binding id `id`, where the original is counted. 0 or
 * E_LIMIT. */
static inline int
count_copy(struct copy *c, uint64_t pte, uint32_t id)
{
	struct frame *f = table_frame(&c->k->tree, pte);

	if (c->level && !pte_is_large(pte)) {
		table_count(c->k, c->space, f, id);
	} else if (f && f->references >= FRAME_REFERENCES_MAX) {
		return E_LIMIT;
	} else if (f) {
		f->references++;
	}
	return 0;
}

static inline int
copy_valid(struct copy *c, uint64_t *to, uint64_t pte, uint32_t to_id, uint32_t from_id)
{
	struct captree *t = &c->k->tree;
	int error = 0;

	if (t->revocations) {
		error = look_for_revocation(c, from_id);
		if (error || c->is_revoked) {
			return error;
		}
	}
	error = count_copy(c, pte, to_id);
	if (!error) {
		bind_beside(t, to_id, from_id);
		*(volatile uint64_t *)to = pte;
		c->valid++;
	}
	return error;
}

/* Leaves from `i` on, fewer than `end`, that follow each other in a list of bindings: their copies
 * go behind the last of them, in the same order. That is how a run that was mapped in one go lies
 * there, and it is many times as fast as one by one. Returns how many. */
static uint32_t
copy_run(struct copy *c, uint32_t i, uint32_t end, uint32_t to_id, uint32_t from_id)
{
	struct captree *t = &c->k->tree;
	uint64_t *from = c->from + i;
	uint64_t *to = c->to + i;
	uint64_t *stop = c->from + end;
	uint32_t next = from_id;
	uint32_t n = 0;

	for (; from < stop && next == from_id + n; from++, to++, n++) {
		struct frame *f = table_frame(t, *from);
		uint32_t link = space_links(from)->next;

		if (!(*from & PTE_V) || *to & PTE_V || !f ||
		    f->references >= FRAME_REFERENCES_MAX) {
			break;
		}
		f->references++;
		*space_links(to) = (struct bind_node){
			.next = (to_id + n + 1) | (link & BIND_WRITABLE), .prev = to_id + n - 1};
		*(volatile uint64_t *)to = *from;
		next = link & ~BIND_WRITABLE;
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
copy_some(struct copy *c, uint32_t *at, uint32_t most)
{
	uint32_t from_id = bind_pte_id(&c->k->tree, c->from);
	uint32_t to_id = bind_pte_id(&c->k->tree, c->to);
	uint32_t end = TABLE_ENTRIES - *at < most ? TABLE_ENTRIES : *at + most;
	bool runs = c->level == 0 && !c->k->tree.revocations;
	uint32_t i = *at;
	int error = 0;

	while (i < end && !error) {
		uint64_t pte = c->from[i];
		uint32_t n = runs ? copy_run(c, i, end, to_id + i, from_id + i) : 0;

		if (n) {
			i += n;
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
	     uint32_t most)
{
	struct frame *f = frame_at(&k->tree, table->start);
	struct copy c = {.k = k, .space = s, .level = TABLE_LEVEL(f)};
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
	TABLE_HUNG(f) = true; /* shared tables may be in it from now on */
	error = copy_some(&c, from, most);
	if (!error && *from < TABLE_ENTRIES) {
		return UNSHARE_AGAIN;
	}
	if (!error) {
		take_place(&c, entry, table);
	}
	return error;
}
