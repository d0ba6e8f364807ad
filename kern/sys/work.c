/* SPDX-License-Identifier: MIT
 * work.c: see work.h. No state.
 */
#include "kern/sys/work.h"
#include "kern/claim.h"
#include "lib/base/checked.h"

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

int
work_check_run(const struct work *w)
{
	uint64_t pages = 1ul << 9 * work_level(w);

	if ((w->flags & LEVELS) == LEVELS) {
		return E_INVAL;
	}
	if (w->address & (pages * PAGE_SIZE - 1) || w->count & (pages - 1)) {
		return E_ALIGN;
	}
	return w->count && range_within(w->address >> PAGE_SHIFT, w->count,
					EXO_USER_END >> PAGE_SHIFT)
		       ? 0
		       : E_RANGE;
}

int
work_check_flags(uint64_t flags)
{
	if (flags & ~(SPACE_BITS | LEVELS) || (flags & EXO_WRITE && !(flags & EXO_READ))) {
		return E_INVAL;
	}
	return flags & EXO_WRITE && flags & EXO_EXEC ? E_INVAL : 0;
}

uint64_t
work_flags(const struct work *w)
{
	return w->flags | w->further << EXO_BATCH_SHIFT | (w->old & OLD_MASK) << OLD_SHIFT;
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
	w->flags = entry.rights;
	w->more += sizeof(entry);
	w->further--;
	w->budget -= COST_FETCH;
	return 0;
}

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

int
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
