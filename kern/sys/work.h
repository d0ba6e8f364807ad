/* SPDX-License-Identifier: MIT
 * work.h: what map, unmap and protect have in common: they go through a batch, entry by entry, and
 * restart.
 *
 * The seven arguments are the state of the call: what is done is taken off them, so a restart goes
 * on where the call stopped, and further entries are fetched from user memory a few at a time, each
 * once.
 */
#ifndef KERN_SYS_WORK_H
#define KERN_SYS_WORK_H

#include "kern/claim.h"
#include "kern/space_fast.h"
#include "kern/sys/sys.h"

#define BUDGET_PAGES 120          /* entries mapped in one go, of some 20 instructions each */
#define COST_BREAK   7            /* breaking an entry, in entries */
#define COST_UNHANG  3            /* breaking one above level 0: mostly it has a table in it */
#define COST_WIDEN   2            /* giving an entry rights, in entries */
#define COST_FENCE   5            /* owing a fence for what was changed, in entries */
#define COST_SKIP    18           /* going past where there is no table, in entries */
#define COST_FETCH   20           /* taking up the next element of a batch, in entries */
#define COST_SINGLE  8            /* mapping an object, in entries */
#define COST_ENTRY   12           /* mapping one page of a WINDOW or a large one, in entries */
#define COST_CLEAR   BUDGET_PAGES /* clearing a frame: one at a time */
#define HELD_PAGES   36 /* the lock is let go after what costs as much as so many entries */
#define AHEAD        4  /* elements of a batch fetched at once */

#define FLAGS_MASK   ((1ul << EXO_BATCH_SHIFT) - 1)
#define RIGHTS       (EXO_READ | EXO_WRITE | EXO_EXEC)
#define LEVELS       (EXO_MEGA | EXO_GIGA)
#define WORK_RESTART 1  /* besides errors */
#define OLD_SHIFT    32 /* in flags: accessed and dirty bits found before a restart */
#define OLD_MASK     (EXO_ACCESSED | EXO_DIRTY)
#define FLAGS_KNOWN  (FLAGS_MASK | EXO_BATCH_MAX << EXO_BATCH_SHIFT | OLD_MASK << OLD_SHIFT)
#define FLAG_UNKNOWN 1ul /* no call knows it */

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
	/* fetched and not yet taken up; for `more` and `further` they are still in user memory */
	const struct exo_map_entry *ahead_next;
	const struct exo_map_entry *ahead_end;
	struct exo_map_entry ahead[AHEAD];
};

/* The arguments of a call, and what a restart has put into its flags. (No initializer, which would
 * clear `ahead` as well.) */
static inline void
work_begin(struct work *w, struct env *e, uint64_t address, uint64_t count, uint64_t flags,
	   const struct exo_map_entry *more, exo_handle space)
{
	w->e = e;
	w->k = e->kernel;
	w->address = address;
	w->handle = EXO_NONE;
	w->offset = 0;
	w->count = count;
	w->flags = (flags & FLAGS_MASK) | (flags & ~FLAGS_KNOWN ? FLAG_UNKNOWN : 0);
	w->further = flags >> EXO_BATCH_SHIFT & EXO_BATCH_MAX;
	w->more = (uint64_t)more;
	w->space_handle = space;
	w->budget = BUDGET_PAGES;
	w->old = flags >> OLD_SHIFT & OLD_MASK;
	w->executable = false;
	w->ahead_next = NULL;
	w->ahead_end = NULL;
}

/* Of the entries that `flags` mean. */
static inline __attribute__((always_inline)) uint32_t
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

/* Address and count of large pages: 0 E_RANGE E_ALIGN E_INVAL. */
int work_check_large(const struct work *w);
/* Of any: */
static inline int
work_check_run(const struct work *w)
{
	uint64_t end = w->address + (w->count << PAGE_SHIFT);

	if (w->flags & LEVELS || w->address & (PAGE_SIZE - 1)) {
		return work_check_large(w);
	}
	return w->count - 1 < EXO_USER_END >> PAGE_SHIFT && w->address < EXO_USER_END &&
			       end <= EXO_USER_END
		       ? 0
		       : E_RANGE;
}

/* Flags of entries that are to map: 0 E_INVAL. */
static inline int
work_check_flags(uint64_t flags)
{
	if (flags & ~(SPACE_BITS | LEVELS) || (flags & EXO_WRITE && !(flags & EXO_READ))) {
		return E_INVAL;
	}
	return flags & EXO_WRITE && flags & EXO_EXEC ? E_INVAL : 0;
}

/* Argument `flags` of a restart. */
uint64_t work_flags(const struct work *w);
/* `check` each element of the batch, then do `step` after step of it with the lock. 0, an error, or
 * WORK_RESTART. */
int work_all(struct work *w, int (*check)(struct work *), int (*step)(struct work *));

/* Any map, any protect; of most, map.c does not get that far. */
struct sysret sys_map_any(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count,
			  uint64_t flags, const struct exo_map_entry *more, exo_handle space);
struct sysret sys_protect_any(uint64_t address, uint64_t count, uint64_t flags,
			      const struct exo_map_entry *more, exo_handle space);

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
