/* SPDX-License-Identifier: MIT
 * memory.c: map, unmap, protect, clear, fence_i: checks of what the caller says about addresses and
 * frames. The short ways of map and protect are in map.c.
 */
#include "kern/claim.h"
#include "kern/sys/work.h"
#include "kern/table.h"
#include "lib/base/checked.h"

/* --- map ---------------------------------------------------------------------------------- */
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

static int
check_map(struct work *w)
{
	int error = work_check_run(w);

	if (error || w->flags == EXO_WRITE) { /* hang a table */
		return error;
	}
	return work_check_flags(w->flags);
}

struct sysret
sys_map_any(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags,
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
	return sys_return_long(error);
}

/* --- unmap, protect ----------------------------------------------------------------------- */
static int
unmap_step(struct work *w)
{
	uint32_t level = work_level(w);
	int64_t cost = level ? COST_UNHANG : COST_BREAK;
	uint64_t most = (uint64_t)(w->budget / cost) + 1;
	uint64_t n = w->count;
	int error = space_unmap(w->k, w->space, w->address, level, &n, most, &w->old);
	uint64_t entries = n >> 9 * level;

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

static struct sysret
change(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
       exo_handle space, bool is_unmap)
{
	struct work w;
	int error;

	work_begin(&w, env_current(), address, count, flags, more, space);
	error = is_unmap ? work_all(&w, check_unmap, unmap_step)
			 : work_all(&w, check_protect, protect_step);
	if (error == WORK_RESTART) {
		return sys_restart(
			w.e, is_unmap ? EXO_NR_unmap : EXO_NR_protect,
			(uint64_t[]){w.address, w.count, work_flags(&w), w.more, space, 0, 0});
	}
	return sys_return_long(error ? error : (int64_t)w.old);
}

struct sysret
sys_unmap(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
	  exo_handle space)
{
	return change(address, count, flags, more, space, true);
}

struct sysret
sys_protect_any(uint64_t address, uint64_t count, uint64_t flags, const struct exo_map_entry *more,
		exo_handle space)
{
	return change(address, count, flags, more, space, false);
}

/* --- clear, fence_i ----------------------------------------------------------------------- */
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
			return sys_return_long(error);
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
