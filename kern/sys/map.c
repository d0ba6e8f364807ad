/* SPDX-License-Identifier: MIT
 * map.c (sys): map: checks of what the caller wants to see where.
 *
 * Most calls are for one page of a FRAME in the caller's own space: they go one straight way
 * (kern/space_fast.h), all others through work.h.
 */
#include "kern/claim.h"
#include "kern/sys/work.h"
#include "kern/table.h"
#include "lib/base/checked.h"

static int
check_part(const struct work *w, struct cap *c)
{
	if (!(w->flags & RIGHTS) || w->flags == EXO_WRITE) {
		return E_INVAL;
	}
	if (((w->flags & RIGHTS) | EXO_READ) & ~cap_rights(c)) {
		return E_RIGHTS;
	}
	if (!range_within(w->offset, w->count, c->count)) {
		return E_RANGE;
	}
	return cap_usable(&w->k->tree, c);
}

/* One entry above level 0, or of a WINDOW. */
static int
map_entry(struct work *w, struct cap *c)
{
	uint64_t pages = 1ul << 9 * work_level(w);
	uint64_t page = c->start + w->offset;
	int error;

	if (page & (pages - 1)) {
		return E_ALIGN;
	}
	if (cap_type(c) == EXO_CAP_FRAME && !claim_unit_ready(w->k, c, page)) {
		return E_STATE;
	}
	error = space_map_entry(w->k, w->space, w->address, work_level(w), c, page,
				w->flags & SPACE_BITS);
	if (!error) {
		w->executable |= (w->flags & EXO_EXEC) != 0;
		work_advance(w, pages);
		w->budget -= COST_ENTRY;
	}
	return error;
}

static int
map_frames(struct work *w, struct cap *c)
{
	uint64_t n = w->count < (uint64_t)w->budget ? w->count : (uint64_t)w->budget;
	int error = space_map(w->k, w->space, w->address, c, c->start + w->offset, &n, w->flags);

	work_advance(w, n);
	w->budget -= (int64_t)n;
	if (error == SPACE_CLEAR) {
		w->budget -= COST_CLEAR;
		error = claim_frame(w->k, c, c->start + w->offset);
	} else if (error == SPACE_CODE) {
		w->budget -= COST_CLEAR;
		error = claim_code(w->k, c, c->start + w->offset, w->count);
	}
	return error;
}

static int
map_part(struct work *w, struct cap *c)
{
	int error = check_part(w, c);

	if (error) {
		return error;
	}
	if (cap_type(c) == EXO_CAP_FRAME) {
		return w->flags & EXO_GIGA   ? E_INVAL
		       : w->flags & EXO_MEGA ? map_entry(w, c)
					     : map_frames(w, c);
	}
	return w->flags & EXO_EXEC ? E_INVAL : map_entry(w, c);
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
	if (need & ~cap_rights(c) || (table && (w->flags & RIGHTS) != EXO_READ)) {
		return E_RIGHTS;
	}
	if (w->flags & (EXO_EXEC | LEVELS) || !(w->flags & RIGHTS) || w->flags == EXO_WRITE) {
		return E_INVAL;
	}
	error = cap_usable(&w->k->tree, c);
	if (error) {
		return error;
	}
	error = space_map_entry(w->k, w->space, w->address, 0, c, table ? c->start : c->start + 1,
				w->flags);
	w->count -= error == 0;
	w->budget -= COST_SINGLE;
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
	w->budget -= COST_SINGLE;
	return error;
}

static int
map_note(struct work *w)
{
	uint64_t n = w->count;
	int error;

	if (w->flags & RIGHTS) {
		return E_HANDLE;
	}
	if (w->flags & ~LEVELS || w->offset >> 63) {
		return E_INVAL;
	}
	error = space_note(w->k, w->space, w->address, work_level(w), &n, (uint64_t)w->budget,
			   w->offset);
	w->address += n << PAGE_SHIFT;
	w->count -= n;
	w->budget -= (int64_t)(n >> 9 * work_level(w)) + 1;
	return error;
}

static int
map_step(struct work *w)
{
	struct cap *c = cspace_lookup(w->e->cspace, w->handle);

	if (w->handle == EXO_NONE) {
		return map_note(w);
	}
	if (!c) {
		return E_HANDLE;
	}
	switch (cap_type(c)) {
	case EXO_CAP_FRAME:
	case EXO_CAP_WINDOW:
		return map_part(w, c);
	case EXO_CAP_TABLE:
		if (w->flags == EXO_WRITE) {
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

static inline __attribute__((always_inline)) int
check_map(struct work *w)
{
	int error = work_check_run(w);

	if (error || w->flags == EXO_WRITE) { /* hang a table */
		return error;
	}
	return work_check_flags(w->flags);
}

static __attribute__((noinline)) struct sysret
map_any(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags,
	const struct exo_map_entry *more, exo_handle space)
{
	struct env *e = env_current();
	struct work w;
	int error;

	work_begin(&w, e, address, count, flags, more, space);
	w.handle = handle;
	w.offset = offset;
	error = work_all(&w, check_map, map_step);

	if (count == 1) {
		arch_fence_page(address);
	} else {
		arch_fence_all();
	}
	if (w.executable) {
		kernel_fence_i(w.k);
	}
	if (error == WORK_RESTART) {
		return sys_restart(e, EXO_NR_map,
				   (uint64_t[]){w.address, w.handle, w.offset, w.count,
						w.flags | w.further << EXO_BATCH_SHIFT, w.more,
						space});
	}
	return sys_return(error);
}

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
 * lock meanwhile, and all that was found is still so. */
static enum space_fast
map_clear(struct kernel *k, uint64_t address, uint64_t rights, struct space_place *p)
{
	uint64_t ticket = k->lock.owner;
	uint64_t carve = p->c->carve;
	bool alone;

	p->entry = space_cached_entry(k, env_current()->space, address);
	if (*p->entry & PTE_V || !claim_begin(k, p->f, p->page, carve)) {
		return FAST_OTHER;
	}
	kernel_unlock_ticket(k, ticket);
	arch_page_clear(arch_ram(p->page << PAGE_SHIFT));
	alone = kernel_lock_ticket(k) == ticket + 1;
	claim_end(p->f, carve);
	return alone ? space_bind_one(k, address, rights, p) : FAST_OTHER;
}

/* Perhaps another table was used last, perhaps the frame has to be cleared first, perhaps it is not
 * so simple. Releases the lock. */
static __attribute__((noinline)) struct sysret
map_later(uint64_t address, exo_handle handle, uint64_t offset, enum space_fast found,
	  uint64_t flags)
{
	struct kernel *k = env_current()->kernel;
	struct space_place place;

	if (found == FAST_MISS && !space_use_table(k, env_current()->space, address)) {
		found = FAST_OTHER;
	}
	if (found != FAST_OTHER) {
		found = space_find_one(k, address, handle, offset, flags, &place);
	}
	if (found == FAST_CLEAR) {
		found = map_clear(k, address, flags, &place);
	} else if (found == FAST_DONE) {
		found = space_bind_one(k, address, flags, &place);
	}
	if (found == FAST_DONE) {
		return map_end(k, k->lock.owner, address);
	}
	kernel_unlock_fence(k);
	return map_any(address, handle, offset, 1, flags, NULL, EXO_NONE);
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
		return map_any(address, handle, offset, count, flags, more, space);
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
