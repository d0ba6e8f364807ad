/* SPDX-License-Identifier: MIT
 * memory.c: map, unmap, protect, fence_i: checks of what the caller says about addresses.
 *
 * The seven arguments are the state of the call: what is done is taken off them, so a restart goes
 * on where the call stopped, and further entries are fetched from user memory one by one as they
 * come up.
 */
#include "kern/claim.h"
#include "kern/object.h"
#include "kern/space_fast.h"
#include "kern/sys/sys.h"
#include "kern/table.h"
#include "lib/base/checked.h"

#define BUDGET_PAGES 120 /* entries mapped in one go, of some 20 instructions each */
#define COST_BREAK   5   /* breaking an entry, in entries */
#define COST_FETCH   6   /* taking up the next element of a batch, in entries */
#define COST_CLEAR   60  /* clearing a frame, in entries */
#define RIGHTS_MASK  ((1ul << EXO_BATCH_SHIFT) - 1)

/* A call in progress; `argument` is what a restart passes. */
struct work {
	struct env *e;
	struct kernel *k;
	struct space *space;
	uint64_t address;
	exo_handle handle;
	uint64_t offset;
	uint64_t count;
	uint64_t rights;
	uint64_t further;
	uint64_t more;
	exo_handle space_handle;
	int64_t budget;
	uint64_t old;
	bool executable;
};

static int
work_space(struct work *w)
{
	struct cap *c;
	int error;

	if (w->space_handle == EXO_NONE) {
		w->space = w->e->space;
		return 0;
	}
	error = sys_cap(w->e, w->space_handle, EXO_CAP_SPACE, EXO_SPACE_MAP, &c);
	if (!error) {
		w->space = space_at(c->start);
		error = cap_usable(&w->k->tree, c);
	}
	return error;
}

static int
check_run(struct work *w)
{
	if (w->address & (PAGE_SIZE - 1)) {
		return E_ALIGN;
	}
	return w->count && range_within(w->address >> PAGE_SHIFT, w->count,
					EXO_USER_END >> PAGE_SHIFT)
		       ? 0
		       : E_RANGE;
}

static int
check_rights(uint64_t rights)
{
	if (rights & ~(EXO_READ | EXO_WRITE | EXO_EXEC) ||
	    (rights & EXO_WRITE && !(rights & EXO_READ))) {
		return E_INVAL;
	}
	return rights & EXO_WRITE && rights & EXO_EXEC ? E_INVAL : 0;
}

/* Fetch the next entry; the lock is free. 0 or E_FAULT. */
static int
next_entry(struct work *w)
{
	struct exo_map_entry entry;
	int error = arch_copy_in(&entry, (struct uaddr){w->more}, sizeof(entry));

	if (error) {
		return error;
	}
	w->address = entry.address;
	w->handle = entry.handle;
	w->offset = entry.offset;
	w->count = entry.count;
	w->rights = entry.rights;
	w->more += sizeof(entry);
	w->further--;
	w->budget -= COST_FETCH;
	return 0;
}

/* --- map ---------------------------------------------------------------------------------- */
static int
map_frames(struct work *w, struct cap *c)
{
	uint64_t n = w->count < (uint64_t)w->budget ? w->count : (uint64_t)w->budget;
	int error;

	if (w->rights == EXO_WRITE) {
		return E_INVAL;
	}
	if ((w->rights | EXO_READ) & ~cap_rights(c)) {
		return E_RIGHTS;
	}
	if (!range_within(w->offset, w->count, c->count)) {
		return E_RANGE;
	}
	error = cap_usable(&w->k->tree, c);
	if (error) {
		return error;
	}
	error = space_map(w->k, w->space, w->address, c, c->start + w->offset, &n, w->rights);
	w->address += n << PAGE_SHIFT;
	w->offset += n;
	w->count -= n;
	w->budget -= (int64_t)n;
	if (error == SPACE_CLEAR) {
		w->budget -= COST_CLEAR;
		error = claim_frame(w->k, c, c->start + w->offset);
	}
	return error;
}

static int
map_window(struct work *w, struct cap *c)
{
	uint64_t most = (uint64_t)w->budget / COST_BREAK + 1;
	uint64_t n = w->count < most ? w->count : most;
	int error;

	if (w->rights & EXO_EXEC || w->rights == EXO_WRITE) {
		return E_INVAL;
	}
	if ((w->rights | EXO_READ) & ~cap_rights(c)) {
		return E_RIGHTS;
	}
	if (!range_within(w->offset, w->count, c->count)) {
		return E_RANGE;
	}
	error = cap_usable(&w->k->tree, c);
	if (error) {
		return error;
	}
	error = space_map_window(w->k, w->space, w->address, c, c->start + w->offset, &n,
				 w->rights);
	w->address += n << PAGE_SHIFT;
	w->offset += n;
	w->count -= n;
	w->budget -= (int64_t)n * COST_BREAK;
	return error;
}

static int
map_object(struct work *w, struct cap *c)
{
	bool table = cap_type(c) == EXO_CAP_TABLE;
	uint64_t need = table                        ? EXO_READ
			: cap_type(c) == EXO_CAP_ENV ? EXO_ENV_CONTROL
						     : EXO_RING_USE;
	int error;

	if (w->count != 1 || w->offset) {
		return E_RANGE;
	}
	if (need & ~cap_rights(c) || (table && w->rights != EXO_READ)) {
		return E_RIGHTS;
	}
	if (w->rights & EXO_EXEC) {
		return E_INVAL;
	}
	error = cap_usable(&w->k->tree, c);
	if (error) {
		return error;
	}
	error = space_map_object(w->k, w->space, w->address, c, table ? c->start : c->start + 1,
				 w->rights);
	w->count -= error == 0;
	return error;
}

static int
map_table(struct work *w, struct cap *c)
{
	int error;

	if (!(cap_rights(c) & EXO_TABLE_HANG)) {
		return E_RIGHTS;
	}
	if (w->count != 1 || w->offset) {
		return E_RANGE;
	}
	error = cap_usable(&w->k->tree, c);
	if (error) {
		return error;
	}
	error = table_hang(w->k, w->space, w->address, c);
	w->count -= error == 0;
	return error;
}

static int
map_step(struct work *w)
{
	struct cap *c = cspace_lookup(w->e->cspace, w->handle);

	if (!c) {
		return E_HANDLE;
	}
	switch (cap_type(c)) {
	case EXO_CAP_FRAME:
		return map_frames(w, c);
	case EXO_CAP_WINDOW:
		return map_window(w, c);
	case EXO_CAP_TABLE:
		if (w->rights == EXO_WRITE) {
			return map_table(w, c);
		}
		return map_object(w, c);
	case EXO_CAP_ENV:
	case EXO_CAP_RING:
		return map_object(w, c);
	default:
		return E_TYPE;
	}
}

static int
check_map(struct work *w)
{
	int error = check_run(w);

	w->executable |= (w->rights & EXO_EXEC) != 0;
	if (error || w->rights == EXO_WRITE) { /* hang a table */
		return error;
	}
	return w->rights ? check_rights(w->rights) : E_INVAL;
}

/* --- unmap, protect ----------------------------------------------------------------------- */
static int
unmap_step(struct work *w)
{
	uint64_t most = (uint64_t)w->budget / COST_BREAK + 1;
	uint64_t n = w->count;
	int error = space_unmap(w->k, w->space, w->address, &n, most, &w->old);

	w->address += n << PAGE_SHIFT;
	w->count -= n;
	w->budget -= n <= most ? (int64_t)(n * COST_BREAK) : COST_BREAK;
	return error;
}

static int
protect_step(struct work *w)
{
	uint64_t n = w->count;
	int error = space_protect(w->k, w->space, w->address, &n, w->rights, &w->old);

	w->address += n << PAGE_SHIFT;
	w->count -= n;
	w->budget -= (int64_t)n;
	return error;
}

static int
check_protect(struct work *w)
{
	int error = check_run(w);

	return error ? error : check_rights(w->rights);
}

/* --- the loop of all three ---------------------------------------------------------------- */
#define WORK_RESTART 1

static int
work_entry(struct work *w, int (*step)(struct work *))
{
	int error = 0;

	while (w->count && !error) {
		if (w->budget <= 0) {
			return WORK_RESTART;
		}
		error = work_space(w);
		if (!error) {
			error = step(w);
		}
		if (error == CLAIM_AGAIN) {
			error = sys_interrupted() ? WORK_RESTART : 0;
		}
	}
	if (error == E_BUSY && w->k->waiting) {
		w->k->waiting = false;
		return WORK_RESTART;
	}
	return error;
}

static int
work_all(struct work *w, int (*check)(struct work *), int (*step)(struct work *))
{
	for (;;) {
		int error = check(w);

		if (error) {
			return error;
		}
		kernel_lock(w->k);
		error = work_entry(w, step);
		kernel_unlock_fence(w->k);
		if (error || !w->further) {
			return error;
		}
		error = next_entry(w);
		if (error) {
			return error;
		}
	}
}

/* One page of a FRAME, read with or without write or execute: 2, 6 or 10; the caller's own space;
 * nothing further. */
#define ONE_PAGE_RIGHTS (1u << EXO_READ | 1u << (EXO_READ | EXO_WRITE))

static inline bool
is_one_page(uint64_t address, uint64_t count, uint64_t flags, exo_handle space)
{
	return LIKELY(count == 1 && flags < 8 && ONE_PAGE_RIGHTS >> flags & 1 &&
		      space == EXO_NONE && !(address & ~(EXO_USER_END - PAGE_SIZE)));
}

static __attribute__((noinline)) struct sysret
map_any(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags,
	const struct exo_map_entry *more, exo_handle space)
{
	struct env *e = env_current();
	struct work w = {
		.e = e,
		.k = e->kernel,
		.address = address,
		.handle = handle,
		.offset = offset,
		.count = count,
		.rights = flags & RIGHTS_MASK,
		.further = flags >> EXO_BATCH_SHIFT,
		.more = (uint64_t)more,
		.space_handle = space,
		.budget = BUDGET_PAGES,
	};
	int error = work_all(&w, check_map, map_step);

	if (count == 1) {
		arch_fence_page(address);
	} else {
		arch_fence_all();
	}
	if (w.executable) {
		arch_fence_i();
		arch_remote_fence_i(kernel_other_harts(w.k));
	}
	if (error == WORK_RESTART) {
		return sys_restart(e, EXO_NR_map,
				   (uint64_t[]){w.address, w.handle, w.offset, w.count,
						w.rights | w.further << EXO_BATCH_SHIFT, w.more,
						space});
	}
	return sys_return(error);
}

/* Clear the frame if that is all that stood in the way: true if it was. */
static __attribute__((noinline)) bool
claim_one(struct env *e, exo_handle handle, uint64_t offset)
{
	struct kernel *k = e->kernel;
	struct cap *c;
	int result = 0;

	kernel_lock(k);
	c = cspace_lookup(e->cspace, handle);
	if (c && cap_type(c) == EXO_CAP_FRAME && offset < c->count && !cap_usable(&k->tree, c)) {
		result = claim_frame(k, c, c->start + offset);
	}
	k->waiting = false;
	kernel_unlock_fence(k);
	return result == CLAIM_AGAIN;
}

struct sysret
sys_map(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags,
	const struct exo_map_entry *more, exo_handle space)
{
	if (is_one_page(address, count, flags, space)) {
		struct env *e = env_current();
		bool done;

		do {
			kernel_lock(e->kernel);
			done = space_map_one(e, address, handle, offset, flags);
			kernel_unlock(e->kernel);
			if (LIKELY(done)) {
				arch_fence_page(address);
				return sys_return(0);
			}
		} while (claim_one(e, handle, offset));
	}
	return map_any(address, handle, offset, count, flags, more, space);
}

struct sysret
sys_unmap(uint64_t address, uint64_t count, uint64_t further, const struct exo_map_entry *more,
	  exo_handle space)
{
	struct env *e = env_current();
	struct work w = {
		.e = e,
		.k = e->kernel,
		.address = address,
		.count = count,
		.further = further & EXO_BATCH_MAX,
		.more = (uint64_t)more,
		.space_handle = space,
		.budget = BUDGET_PAGES,
		.old = further >> 32 & (EXO_ACCESSED | EXO_DIRTY),
	};
	int error = work_all(&w, check_run, unmap_step);

	if (error == WORK_RESTART) {
		return sys_restart(e, EXO_NR_unmap,
				   (uint64_t[]){w.address, w.count, w.further | w.old << 32, w.more,
						space, 0, 0});
	}
	return sys_return(error ? error : (int64_t)w.old);
}

static __attribute__((noinline)) struct sysret
protect_any(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	    exo_handle space)
{
	struct env *e = env_current();
	struct work w = {
		.e = e,
		.k = e->kernel,
		.address = address,
		.count = count,
		.rights = flags & RIGHTS_MASK,
		.further = flags >> EXO_BATCH_SHIFT & EXO_BATCH_MAX,
		.more = (uint64_t)more,
		.space_handle = space,
		.budget = BUDGET_PAGES,
		.old = flags >> 32 & (EXO_ACCESSED | EXO_DIRTY),
	};
	int error = work_all(&w, check_protect, protect_step);

	if (error == WORK_RESTART) {
		return sys_restart(
			e, EXO_NR_protect,
			(uint64_t[]){w.address, w.count,
				     w.rights | w.further << EXO_BATCH_SHIFT | w.old << 32, w.more,
				     space, 0, 0});
	}
	return sys_return(error ? error : (int64_t)w.old);
}

struct sysret
sys_protect(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	    exo_handle space)
{
	if (is_one_page(address, count, flags, space)) {
		struct env *e = env_current();
		uint64_t old;
		bool done;

		kernel_lock(e->kernel);
		done = space_protect_one(e, address, flags, &old);
		kernel_unlock(e->kernel);
		if (LIKELY(done)) {
			arch_fence_page(address);
			return sys_return((int64_t)old);
		}
	}
	return protect_any(address, count, flags, more, space);
}

struct sysret
sys_fence_i(void)
{
	struct kernel *k = env_current()->kernel;

	arch_fence_i();
	arch_remote_fence_i(kernel_other_harts(k));
	return sys_return(0);
}
