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

/* What last_key must be for last_table to translate `address`. A sum: an address above the user
 * half stands for a later count of tables, at which nothing can have been remembered yet. */
static inline uint64_t
space_key(const struct kernel *k, uint64_t address)
{
	return (address >> 21) + k->tables;
}

/* `table`, of level 0, was used last, for `address`; it may be changed. */
static inline void
space_remember(const struct kernel *k, struct space *s, uint64_t address, uint64_t *table)
{
	uint64_t pair = ((uint64_t)table - (uint64_t)k->tree.base) >> (PAGE_SHIFT + 1);

	s->last_key = space_key(k, address);
	s->last_table = table;
	s->last_valid = &k->tree.frames[2 * pair + 1].pins; /* table_valid of it */
	s->last_id = (uint32_t)pair << 9;
}

/* The entry for `address` in the table used last, NULL if it is another one. */
static inline uint64_t *
space_cached_entry(const struct kernel *k, const struct space *s, uint64_t address)
{
	return LIKELY(s->last_key == space_key(k, address)) ? &s->last_table[address >> 12 & 511]
							    : NULL;
}

/* What the straight way of map found: it is done, or why it is not. */
enum space_fast {
	FAST_DONE,
	FAST_MISS,  /* another table was used last */
	FAST_CLEAR, /* the frame must be cleared first; the entry was not looked at */
	FAST_OTHER,
};

/* The page that is to be bound, and where. */
struct space_place {
	struct cap *c;
	struct frame *f;
	uint64_t page;
	uint64_t *entry;
};

/* May page `offset` of the FRAME capability `handle` be bound at `address`, an aligned one?
 * `rights` is one of R, RW. Changes nothing. */
static inline __attribute__((always_inline)) enum space_fast
space_find_one(const struct kernel *k, uint64_t address, exo_handle handle, uint64_t offset,
	       uint64_t rights, struct space_place *p)
{
	uint64_t leaf = EXO_HANDLE_INDEX(handle) / EXO_SLOTS_PER_LEAF;
	const struct space *s = env_current()->space;
	uint64_t word;

	if (!LIKELY(s->last_key == space_key(k, address))) {
		return FAST_MISS;
	}
	if (!LIKELY(leaf < EXO_LEAVES_MAX)) {
		return FAST_OTHER;
	}
	p->c = &env_current()->cspace->leaf[leaf][handle % EXO_SLOTS_PER_LEAF];
	word = p->c->word;
	/* generation; type and "no pool" */
	if (!LIKELY(!((word ^ handle) >> CAP_GENERATION_SHIFT |
		      ((word & (CAP_POOL | CAP_TYPE_MASK)) ^ EXO_CAP_FRAME)) &&
		    !(rights & ~(word >> CAP_RIGHTS_SHIFT)) && offset < p->c->count &&
		    !k->tree.revocations)) {
		return FAST_OTHER;
	}
	p->page = p->c->start + offset;
	p->f = &k->tree.frame_zero[p->page];
	if (!LIKELY(p->f->holder == p->c->carve)) {
		return FAST_CLEAR;
	}
	p->entry = &s->last_table[address >> 12 & 511];
	return LIKELY(!(*p->entry & PTE_V)) ? FAST_DONE : FAST_OTHER;
}

/* What it has found before it said FAST_CLEAR, once more; the lock was held since. */
static inline void
space_found(const struct kernel *k, uint64_t address, exo_handle handle, uint64_t offset,
	    struct space_place *p)
{
	uint64_t leaf = EXO_HANDLE_INDEX(handle) / EXO_SLOTS_PER_LEAF;

	p->c = &env_current()->cspace->leaf[leaf][handle % EXO_SLOTS_PER_LEAF];
	p->page = p->c->start + offset;
	p->f = &k->tree.frame_zero[p->page];
	p->entry = &env_current()->space->last_table[address >> PAGE_SHIFT & 511];
}

/* Bind it; only too many references stand in the way. */
static inline __attribute__((always_inline)) enum space_fast
space_bind_one(struct kernel *k, uint64_t address, uint64_t rights, const struct space_place *p)
{
	struct captree *t = &k->tree;
	struct cap *c = p->c;
	const struct space *s;
	struct bind_node *links;
	uint32_t bindings;
	uint32_t id;

	if (!LIKELY((int32_t)++p->f->references >= 0)) {
		p->f->references = FRAME_REFERENCES_MAX; /* as it was */
		return FAST_OTHER;
	}
	*(volatile uint64_t *)p->entry = p->page << PTE_PAGE_SHIFT | k->leaf_bits | rights;
	/* loaded again rather than kept: all registers that need no saving are taken */
	s = env_current()->space;
	++*s->last_valid;
	id = s->last_id + (uint32_t)(address >> 12 & 511);
	links = space_links(p->entry);
	bindings = c->bindings;
	links->next = bindings | ((uint32_t)c->word << 21 & BIND_WRITABLE);
	links->prev = BIND_CAP | cap_id(t, c);
	if (bindings) {
		bind_at(t, bindings)->prev = id;
	}
	c->bindings = id;
	return FAST_DONE;
}

/* Set the rights of the page at `address`; *old gets the entry there was. The caller fences, the
 * other harts too if space_is_local() says no. */
static inline bool
space_protect_one(struct space *s, struct kernel *k, uint64_t address, uint64_t rights,
		  uint64_t *old)
{
	uint64_t *entry;
	uint64_t pte;

	if (!LIKELY(s->last_key == space_key(k, address))) {
		return false;
	}
	entry = &s->last_table[address >> 12 & 511];
	pte = *entry;
	if (!LIKELY(pte & PTE_V &&
		    !(rights & EXO_WRITE && !(space_links(entry)->next & BIND_WRITABLE)))) {
		return false;
	}
	pte = (pte & k->keep_bits) | rights;
	/* acquire: a hart that has not entered the space when its harts are looked at afterwards
	 * finds the new entry */
	*old = __atomic_exchange_n(entry, pte, __ATOMIC_ACQUIRE);
	return true;
}

/* Take all but `keep` from the entries that have all of `need`, up to the first one that has not:
 * returns that one. ORs old entries into *was. */
static inline uint64_t *
space_narrow(uint64_t *entry, const uint64_t *end, uint64_t keep, uint64_t need, uint64_t *was)
{
	uint64_t old = 0;

	while (entry < end && (*entry & need) == need) {
		old |= __atomic_fetch_and(entry++, keep, __ATOMIC_ACQUIRE); /* as above */
	}
	*was |= old;
	return entry;
}

/* True if no other hart's TLB can hold entries of s, the space of the current environment e, and
 * arch_fence_exact() is enough. */
static inline bool
space_is_local(const struct env *e, const struct space *s)
{
	return LIKELY(*(const volatile uint64_t *)&s->harts == e->local_harts);
}

#endif
