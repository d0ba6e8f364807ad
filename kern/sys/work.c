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

int
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
