/* SPDX-License-Identifier: MIT
 * map.c (sys): map and protect: checks of what the caller wants to see where.
 *
 * Most calls are for one page of a FRAME in the caller's own space: they go one straight way
 * (kern/space_fast.h), all others through memory.c.
 */
#include "kern/claim.h"
#include "kern/sys/work.h"

/* --- map ---------------------------------------------------------------------------------- */
static inline __attribute__((always_inline)) struct sysret
map_end(struct kernel *k, uint64_t ticket, uint64_t address)
{
	kernel_unlock_ticket(k, ticket);
	if (!LIKELY(env_current()->local_harts)) {
		arch_fence_all();
	} else {
		arch_fence_exact(address);
	}
	return sys_return(0);
}

/* The frame is cleared while the lock is free. When the next ticket is drawn here, nobody had the
 * lock meanwhile, and all that was found is still so: FAST_DONE, to be bound. */
static inline enum space_fast
map_clear(struct kernel *k, const struct space_place *p)
{
	uint64_t ticket = k->lock.owner;
	uint64_t carve = p->c->carve;
	bool alone;

	if (*p->entry & PTE_V || !claim_begin(k, p->f, p->page, carve)) {
		return FAST_OTHER;
	}
	kernel_unlock_ticket(k, ticket);
	arch_page_clear(arch_ram(p->page << PAGE_SHIFT));
	alone = kernel_lock_ticket(k) == ticket + 1;
	claim_end(p->f, carve);
	return alone ? FAST_DONE : FAST_OTHER;
}

/* Perhaps another table was used last, perhaps the frame has to be cleared first, perhaps it is not
 * so simple. Releases the lock. */
static __attribute__((noinline)) struct sysret
map_later(uint64_t address, exo_handle handle, uint64_t offset, enum space_fast found,
	  uint64_t flags)
{
	struct kernel *k = env_current()->kernel;
	struct space_place place = {0};

	if (found == FAST_MISS && !space_use_table(k, env_current()->space, address)) {
		found = FAST_OTHER;
	}
	if (found == FAST_MISS) {
		found = space_find_one(k, address, handle, offset, flags, &place);
	}
	if (found == FAST_CLEAR) {
		space_found(k, address, handle, offset, &place);
		found = map_clear(k, &place);
	}
	if (found == FAST_DONE) {
		found = space_bind_one(k, address, flags, &place);
	}
	if (found == FAST_DONE) {
		return map_end(k, k->lock.owner, address);
	}
	kernel_unlock_fence(k);
	return sys_map_any(address, handle, offset, 1, flags, NULL, EXO_NONE);
}

struct sysret
sys_map(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags,
	const struct exo_map_entry *more, exo_handle space)
{
	struct kernel *k = env_current()->kernel;
	struct space_place place;
	enum space_fast found;
	uint64_t ticket;

	if (!is_one_page(address, count, flags, space)) {
		return sys_map_any(address, handle, offset, count, flags, more, space);
	}
	ticket = kernel_lock_ticket(k);
	found = space_find_one(k, address, handle, offset, flags, &place);
	if (LIKELY(found == FAST_DONE)) {
		found = space_bind_one(k, address, flags, &place);
	}
	if (LIKELY(found == FAST_DONE)) {
		return map_end(k, ticket, address);
	}
	return map_later(address, handle, offset, found, flags);
}

/* --- protect ------------------------------------------------------------------------------ */
/* The first of a few pages in the caller's own space, R or RW, if they lie in the table used last
 * and have these rights already: how many are done, and fenced. */
static inline uint64_t
protect_run(struct env *e, uint64_t address, uint64_t count, uint64_t rights, uint64_t *old)
{
	struct kernel *k = e->kernel;
	uint64_t ticket = kernel_lock_ticket(k);
	struct space *s = e->space;
	struct arch_fence fence = {.address = address, .asid = (uint32_t)s->asid};
	uint64_t *first = space_cached_entry(k, s, address);

	if (first && count <= BUDGET_PAGES &&
	    count <= EXO_PAGE_SIZE / sizeof(*first) - (address >> PAGE_SHIFT & 511)) {
		uint64_t keep = ~(SPACE_BITS & ~(rights | k->leaf_bits));

		fence.pages =
			(uint64_t)(space_narrow(first, first + count, keep, PTE_V | rights, old) -
				   first);
	}
	if (fence.pages && !space_is_local(e, s)) {
		space_owe(k, s, address, fence.pages);
		kernel_unlock_fence(k);
		return fence.pages;
	}
	kernel_unlock_ticket(k, ticket);
	if (fence.pages) {
		arch_fence_some(&fence);
	}
	return fence.pages;
}

/* What is left to do after the straight way is as after a restart. */
static __attribute__((noinline)) struct sysret
protect_many(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	     exo_handle space)
{
	if (is_plain(address, flags, space)) {
		uint64_t old = 0;
		uint64_t n = protect_run(env_current(), address, count, flags, &old);

		old &= OLD_MASK;
		if (n && n == count) {
			return sys_return((int64_t)old);
		}
		address += n << PAGE_SHIFT;
		count -= n;
		flags |= old << OLD_SHIFT;
	}
	return sys_protect_any(address, count, flags, more, space);
}

/* The entry is changed, other harts must forget it. */
static __attribute__((noinline)) struct sysret
protect_far(uint64_t address, uint64_t old)
{
	struct env *e = env_current();

	space_owe(e->kernel, e->space, address, 1);
	kernel_unlock_fence(e->kernel);
	return sys_return((int64_t)(old & OLD_MASK));
}

struct sysret
sys_protect(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	    exo_handle space)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct space *s;
	uint64_t ticket;
	uint64_t old;

	if (!is_one_page(address, count, flags, space)) {
		return protect_many(address, count, flags, more, space);
	}
	ticket = kernel_lock_ticket(k);
	s = e->space;
	if (!LIKELY(space_protect_one(s, k, address, flags, &old))) {
		kernel_unlock_ticket(k, ticket);
		return sys_protect_any(address, 1, flags, NULL, EXO_NONE);
	}
	if (!space_is_local(e, s)) {
		return protect_far(address, old);
	}
	kernel_unlock_ticket(k, ticket);
	arch_fence_exact(address);
	return sys_return((int64_t)(old & OLD_MASK));
}
