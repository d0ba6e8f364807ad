/* SPDX-License-Identifier: MIT
 * work.c: see work.h. No state.
 */
#include "kern/sys/work.h"
#include "kern/claim.h"
#include "lib/base/checked.h"

int
work_check_large(const struct work *w)
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

uint64_t
work_flags(const struct work *w)
{
	return w->flags | w->further << EXO_BATCH_SHIFT | (w->old & OLD_MASK) << OLD_SHIFT;
}

/* Fetch the next few elements; the lock is free. If one of them cannot be read, only the first. 0
 * or E_FAULT. */
static int
work_fetch(struct work *w)
{
	uint64_t n = w->further < AHEAD ? w->further : AHEAD;
	int error = arch_copy_in(w->ahead, (struct uaddr){w->more}, n * sizeof(w->ahead[0]));

	if (error && n > 1) {
		n = 1;
		error = arch_copy_in(w->ahead, (struct uaddr){w->more}, sizeof(w->ahead[0]));
	}
	w->ahead_next = w->ahead;
	w->ahead_end = error ? w->ahead : w->ahead + n;
	return error;
}

/* w->space from its handle. Tree lock. */
static inline int
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

static inline void
work_take_up(struct work *w)
{
	const struct exo_map_entry *entry = w->ahead_next;

	w->ahead_next = entry + 1;
	w->address = entry->address;
	w->handle = entry->handle;
	w->offset = entry->offset;
	w->count = entry->count;
	w->flags = entry->rights;
	w->more += sizeof(*entry);
	w->further--;
	w->budget -= COST_FETCH;
}

/* The element that is taken up. Tree lock, w->space found. */
static inline int
work_entry(struct work *w, int (*step)(struct work *))
{
	int error = 0;

	while (w->count && !error) {
		if (w->budget <= 0) {
			return WORK_RESTART;
		}
		error = step(w);
		if (error == CLAIM_AGAIN) { /* the lock was free meanwhile */
			error = sys_interrupted() ? WORK_RESTART : work_space(w);
		}
	}
	if (error == E_BUSY && w->k->waiting) {
		w->k->waiting = false;
		return WORK_RESTART;
	}
	return error;
}

/* As much as one holding of the lock allows. */
static inline int
work_locked(struct work *w, int (*check)(struct work *), int (*step)(struct work *))
{
	int64_t until = w->budget - HELD_PAGES;

	for (;;) {
		int error = work_entry(w, step);

		if (error || w->ahead_next == w->ahead_end || w->budget <= until) {
			return error;
		}
		work_take_up(w);
		error = check(w);
		if (error) {
			return error;
		}
	}
}

/* While nobody else has had the lock since it was let go (by the tickets), the space is still what
 * it was. */
int
work_all(struct work *w, int (*check)(struct work *), int (*step)(struct work *))
{
	uint64_t expected = 0;
	int error = check(w);

	while (!error) {
		uint64_t ticket = kernel_lock_ticket(w->k);

		error = expected && ticket == expected ? 0 : work_space(w);
		if (!error) {
			error = work_locked(w, check, step);
		}
		expected = w->k->lock.owner + 1;
		kernel_unlock_fence(w->k);
		if (error || !w->further) {
			break;
		}
		error = w->ahead_next == w->ahead_end ? work_fetch(w) : 0;
		if (!error) {
			work_take_up(w);
			error = check(w);
		}
	}
	return error;
}
