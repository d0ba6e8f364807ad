/* SPDX-License-Identifier: MIT
 * memory.c: unmap, protect, clear, fence_i: checks of what the caller says about addresses and
 * frames.
 */
#include "kern/claim.h"
#include "kern/sys/work.h"
#include "lib/base/checked.h"

static int
unmap_step(struct work *w)
{
	int64_t cost = work_level(w) ? COST_UNHANG : COST_BREAK;
	uint64_t most = (uint64_t)(w->budget / cost) + 1;
	uint64_t n = w->count;
	int error = space_unmap(w->k, w->space, w->address, work_level(w), &n, most, &w->old);
	uint64_t entries = n >> 9 * work_level(w);

	w->address += n << PAGE_SHIFT;
	w->count -= n;
	w->budget -= entries <= most ? (int64_t)(entries + 1) * cost : COST_SKIP;
	return error;
}

static int
protect_step(struct work *w)
{
	uint64_t most = ((uint64_t)(w->budget / COST_WIDEN) + 1) << 9 * work_level(w);
	uint64_t n = w->count < most ? w->count : most;
	int error = space_protect(w->k, w->space, w->address, work_level(w), &n,
				  w->flags & SPACE_BITS, &w->old);

	w->address += n << PAGE_SHIFT;
	w->count -= n;
	w->budget -= (int64_t)(n >> 9 * work_level(w)) * COST_WIDEN + COST_FENCE;
	return error;
}

static int
check_unmap(struct work *w)
{
	return w->flags & ~(SPACE_BITS | LEVELS) ? E_INVAL : work_check_run(w);
}

/* Above level 0 an entry without rights would be a pointer to a table. */
static int
check_protect(struct work *w)
{
	int error = work_check_run(w);

	if (!error && w->flags & LEVELS && !(w->flags & RIGHTS)) {
		error = E_INVAL;
	}
	return error ? error : work_check_flags(w->flags);
}

/* How unmap and protect end. */
static struct sysret
change_end(const struct work *w, uint32_t number, int error)
{
	if (error == WORK_RESTART) {
		return sys_restart(w->e, number,
				   (uint64_t[]){w->address, w->count, work_flags(w), w->more,
						w->space_handle, 0, 0});
	}
	return sys_return(error ? error : (int64_t)w->old);
}

struct sysret
sys_unmap(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	  exo_handle space)
{
	struct work w;

	work_begin(&w, env_current(), address, count, flags, more, space);
	return change_end(&w, EXO_NR_unmap, work_all(&w, check_unmap, unmap_step));
}

static __attribute__((noinline)) struct sysret
protect_any(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	    exo_handle space)
{
	struct work w;

	work_begin(&w, env_current(), address, count, flags, more, space);
	return change_end(&w, EXO_NR_protect, work_all(&w, check_protect, protect_step));
}

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
	return protect_any(address, count, flags, more, space);
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
		return protect_any(address, 1, flags, NULL, EXO_NONE);
	}
	if (!space_is_local(e, s)) {
		return protect_far(address, old);
	}
	kernel_unlock_ticket(k, ticket);
	arch_fence_exact(address);
	return sys_return((int64_t)(old & OLD_MASK));
}

/* One group of the first unit. CLAIM_AGAIN: there is more, 0: the unit is ready. */
static int
clear_step(struct env *e, exo_handle frames, uint64_t offset, uint64_t count)
{
	struct cap *c;
	int error = sys_cap(e, frames, EXO_CAP_FRAME, EXO_READ, &c);

	if (error) {
		return error;
	}
	if (!range_within(offset, count, c->count)) {
		return E_RANGE;
	}
	if ((c->start + offset) & (FRAME_UNIT_PAGES - 1) || count & (FRAME_UNIT_PAGES - 1)) {
		return E_ALIGN;
	}
	error = cap_usable(&e->kernel->tree, c);
	if (!error && count) {
		error = claim_unit(e->kernel, c, c->start + offset);
	}
	if (error == E_BUSY && e->kernel->waiting) {
		e->kernel->waiting = false;
		return CLAIM_AGAIN;
	}
	return error;
}

/* What is done of a unit stands in the frame table, so a restart starts at a unit. */
struct sysret
sys_clear(exo_handle frames, uint64_t offset, uint64_t count)
{
	struct env *e = env_current();
	int budget = BUDGET_PAGES;

	do {
		int error;

		kernel_lock(e->kernel);
		error = clear_step(e, frames, offset, count);
		kernel_unlock_fence(e->kernel);
		if (error < 0 || (error == 0 && count <= FRAME_UNIT_PAGES)) {
			return sys_return(error);
		}
		if (error == 0) {
			offset += FRAME_UNIT_PAGES;
			count -= FRAME_UNIT_PAGES;
		}
		budget -= COST_CLEAR;
	} while (budget > 0 && !sys_interrupted());
	return sys_restart(e, EXO_NR_clear, (uint64_t[7]){frames, offset, count});
}

struct sysret
sys_fence_i(void)
{
	kernel_fence_i(env_current()->kernel);
	return sys_return(0);
}
