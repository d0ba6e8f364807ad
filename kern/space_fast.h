/* SPDX-License-Identifier: MIT
 * space_fast.h: map and protect of one page of the caller's own space, the calls that self-paging
 * makes all the time.
 *
 * The same checks as the general way (kern/sys/memory.c, space.c) in one straight line; whatever
 * is not the common case says false, having changed nothing, and the general way finds out what it
 * is. Tree lock held. Measured by map1, prot1, trap_unprot.
 */
#ifndef KERN_SPACE_FAST_H
#define KERN_SPACE_FAST_H

#include "kern/cspace.h"
#include "kern/space.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* The links of an entry stand in the shadow frame. */
static inline struct bind_node *
space_links(uint64_t *entry)
{
	return (struct bind_node *)((uint8_t *)entry + 4096);
}

/* What last_key must be for last_table to translate `address`. */
static inline uint64_t
space_key(const struct kernel *k, uint64_t address)
{
	return address >> 21 | k->tables;
}

/* The entry for `address` in the table used last, NULL if it is another one. */
static inline uint64_t *
space_cached_entry(const struct kernel *k, const struct space *s, uint64_t address)
{
	return LIKELY(s->last_key == space_key(k, address)) ? &s->last_table[address >> 12 & 511]
							    : NULL;
}

/* Bind page `offset` of the FRAME capability `handle` at `address`, checked to be an aligned user
 * address. `rights` is one of R, RW, RX. */
static inline bool
space_map_one(struct env *e, uint64_t address, exo_handle handle, uint64_t offset, uint64_t rights)
{
	struct kernel *k = e->kernel;
	struct captree *t = &k->tree;
	struct cap *c = cspace_slot(e->cspace, EXO_HANDLE_INDEX(handle));
	uint64_t *entry = space_cached_entry(k, e->space, address);
	struct frame *f;
	uint32_t id;
	uint32_t ceiling;

	/* generation, type and "no pool" in one comparison */
	if (!LIKELY(c && entry &&
		    !((c->word ^ (handle >> 32 << CAP_GENERATION_SHIFT | EXO_CAP_FRAME)) &
		      (~0ul << CAP_GENERATION_SHIFT | CAP_POOL | CAP_TYPE_MASK)) &&
		    !((rights | EXO_READ) & ~(c->word >> CAP_RIGHTS_SHIFT)) && offset < c->count &&
		    !t->revocations)) {
		return false;
	}
	f = t->frames + (c->start + offset - t->base_page);
	if (!LIKELY(f->holder == c->carve && !(*entry & PTE_V) &&
		    f->references < FRAME_REFERENCES_MAX)) {
		return false;
	}
	f->references++;
	++*e->space->last_valid;
	id = bind_pte_id(t, entry);
	ceiling = (uint32_t)((c->word >> CAP_RIGHTS_SHIFT & EXO_WRITE) << 29);
	space_links(entry)->next = c->bindings | ceiling;
	space_links(entry)->prev = BIND_CAP | cap_id(t, c);
	if (c->bindings) {
		bind_at(t, c->bindings)->prev = id;
	}
	c->bindings = id;
	*(volatile uint64_t *)entry = (c->start + offset) << PTE_PAGE_SHIFT | k->leaf_bits | rights;
	return true;
}

/* Set the rights of the page at `address`; *old gets A and D. The caller fences, the other harts
 * too if space_is_local() says no. */
static inline bool
space_protect_one(struct env *e, uint64_t address, uint64_t rights, uint64_t *old)
{
	struct kernel *k = e->kernel;
	uint64_t *entry = space_cached_entry(k, e->space, address);
	uint64_t pte;

	if (!LIKELY(entry)) {
		return false;
	}
	pte = *entry;
	if (!LIKELY(pte & PTE_V &&
		    !(rights & EXO_WRITE && !(space_links(entry)->next & BIND_WRITABLE)) &&
		    !(rights & EXO_EXEC & ~pte))) {
		return false;
	}
	pte = (pte & ~SPACE_BITS) | k->leaf_bits | rights;
	/* acquire: a hart that has not entered the space when its harts are looked at afterwards
	 * finds the new entry */
	*old = __atomic_exchange_n(entry, pte, __ATOMIC_ACQUIRE) & (PTE_A | PTE_D);
	return true;
}

/* True if no other hart's TLB can hold entries of e's space, of which e is the current one. */
static inline bool
space_is_local(const struct env *e)
{
	return LIKELY(__atomic_load_n(&e->space->harts, __ATOMIC_RELAXED) ==
		      1ul << e->hart->number);
}

#endif
