/* SPDX-License-Identifier: MIT
 * work.h: what map, unmap and protect have in common: they go through a batch, entry by entry, and
 * restart.
 *
 * The seven arguments are the state of the call: what is done is taken off them, so a restart goes
 * on where the call stopped, and further entries are fetched from user memory one by one as they
 * come up.
 */
#ifndef KERN_SYS_WORK_H
#define KERN_SYS_WORK_H

#include "kern/space_fast.h"
#include "kern/sys/sys.h"

#define BUDGET_PAGES 120 /* entries mapped in one go, of some 20 instructions each */
#define COST_BREAK   5   /* breaking an entry, in entries */
#define COST_UNHANG  3   /* breaking one above level 0: mostly it has a table in it */
#define COST_FETCH   20  /* taking up the next element of a batch, in entries */
#define COST_SINGLE  10  /* mapping an object, a WINDOW's page or a large one, in entries */
#define COST_CLEAR   60  /* clearing a frame, in entries */

#define FLAGS_MASK   ((1ul << EXO_BATCH_SHIFT) - 1)
#define RIGHTS       (EXO_READ | EXO_WRITE | EXO_EXEC)
#define LEVELS       (EXO_MEGA | EXO_GIGA)
#define OLD_SHIFT    32 /* in flags: accessed and dirty bits found before a restart */
#define OLD_MASK     (EXO_ACCESSED | EXO_DIRTY)

/* A call in progress; what a restart passes is `address` to `space_handle`, and `old`. */
struct work {
	struct env *e;
	struct kernel *k;
	struct space *space;
	uint64_t address;
	exo_handle handle;
	uint64_t offset;
	uint64_t count;
	uint64_t flags;
	uint64_t further;
	uint64_t more;
	exo_handle space_handle;
	int64_t budget;
	uint64_t old;
	bool executable; /* a large page was mapped so: fence.i is owed */
};

/* Of the entries that `flags` mean. */
static inline uint32_t
work_level(const struct work *w)
{
	return w->flags & EXO_GIGA ? 2 : w->flags & EXO_MEGA ? 1 : 0;
}

static inline void
work_advance(struct work *w, uint64_t pages)
{
	w->address += pages << PAGE_SHIFT;
	w->offset += pages;
	w->count -= pages;
}

/* Address and count: 0 E_RANGE E_ALIGN E_INVAL. */
int work_check_run(const struct work *w);
/* Flags of entries that are to map: 0 E_INVAL. */
int work_check_flags(uint64_t flags);
/* Argument `flags` of a restart. */
uint64_t work_flags(const struct work *w);

/* `check` each entry of the batch without the lock, then do `step` after step of it with the lock.
 * 0, an error, or WORK_RESTART. */
#define WORK_RESTART 1
int work_all(struct work *w, int (*check)(struct work *), int (*step)(struct work *));

/* Read with or without write, from the start of a page on, in the caller's own space, nothing
 * further? (What lies beyond the user half is in no table that was used last.) */
static inline bool
is_plain(uint64_t address, uint64_t flags, exo_handle space)
{
	return !(address << (64 - PAGE_SHIFT) | ((flags & ~EXO_WRITE) ^ EXO_READ) | space);
}

/* And one page? */
static inline bool
is_one_page(uint64_t address, uint64_t count, uint64_t flags, exo_handle space)
{
	return LIKELY(!(address << (64 - PAGE_SHIFT) | (count ^ 1) |
			((flags & ~EXO_WRITE) ^ EXO_READ) | space));
}

#endif
