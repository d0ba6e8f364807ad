/* SPDX-License-Identifier: MIT
 * cow.h: a heap that is copied on write, and a fork that shares it by its page tables.
 *
 * cow_fork takes the tables of the heap, one for each 2 MiB unit, out of the parent's space in one
 * call. Then each side, parent and child, faults where it touches a unit first. To read: its pages
 * are made read-only, once, and its table hangs in that side's space. To write: that side gets a
 * table of its own, a copy (exo_unshare) if the shared one hangs there already, else an empty one
 * that is filled page by page; and a copy of the page. The pages as they were at the fork stay
 * until the child has ended; after cow_join the parent goes on with what it has. All else but stack
 * and u-area is shared: the parent's table of the first GiB hangs in the child's space too. One
 * child at a time; it has the parent's capability space.
 */
#ifndef LIB_COW_COW_H
#define LIB_COW_COW_H

#include <stdbool.h>

#include <exo/types.h>

#include "lib/exo/upcall.h"

#define COW_HEAP        0x3fc0000000ul
#define COW_UNIT_PAGES  512ul
#define COW_UNITS_MAX   32
#define COW_PAGES_MAX   (COW_UNITS_MAX * COW_UNIT_PAGES)
#define COW_COPIES_MAX  1024 /* pages that one side can copy while there are two */
#define COW_STACK_PAGES 2    /* of the child: for exceptions, and its own */

/* Frames for a table and, while there is one, the table. */
struct cow_table {
	exo_handle memory;
	uint32_t slot;
	exo_handle object;
};

enum cow_state {
	COW_NOTHING, /* the unit is not there */
	COW_SHARED,  /* the table of the heap hangs there */
	COW_OWN,     /* a table of this side's own */
};

/* What one side sees. Its own environment alone changes it. */
struct cow_side {
	uint32_t state[COW_UNITS_MAX]; /* fork << 2 | enum cow_state: see cow_state() */
	struct cow_table own[COW_UNITS_MAX];
	uint64_t owns;                         /* a bit for each unit that is COW_OWN */
	struct cow_table spare[COW_UNITS_MAX]; /* without object */
	uint32_t spares;
	struct {
		uint32_t page;
		uint32_t frame;
	} copy[COW_COPIES_MAX];
	uint32_t copies;
	uint32_t free[COW_COPIES_MAX]; /* frames to copy to */
	uint32_t frees;
	bool scratch; /* something is mapped at COW_SCRATCH */
};

enum cow_part { COW_ENV, COW_STACK_TABLE, COW_DIRECTORY, COW_SPACE, COW_PARTS };

struct cow_heap {
	uint64_t pages;
	uint64_t units;
	exo_handle frames;             /* FRAME: heap, room for copies, stacks */
	uint32_t place[COW_PAGES_MAX]; /* frame of each page, at the last fork */
	struct cow_table table[COW_UNITS_MAX];
	uint32_t frozen[COW_UNITS_MAX]; /* the unit's pages are read-only */
	bool has_holes[COW_UNITS_MAX];  /* some of its pages are not mapped */
	uint32_t fork;                  /* counts them */
	bool has_child;
	bool child_ended;                 /* it says so itself; it will not touch the heap again */
	bool has_shell;                   /* the parts of the child but its ENV */
	uint64_t stack;                   /* frames of the child's stacks */
	exo_handle self;                  /* ENV of the parent */
	exo_handle cspace;                /* of both */
	exo_handle low;                   /* TABLE of the first GiB */
	struct cow_table part[COW_PARTS]; /* the child */
	struct cow_side parent;
	struct cow_side child;
};

/* Whatever a side had hung before the last fork is gone, without a word to each unit. */
static inline enum cow_state
cow_state(const struct cow_heap *heap, const struct cow_side *side, uint64_t unit)
{
	return side->state[unit] >> 2 == heap->fork ? (enum cow_state)(side->state[unit] & 3)
						    : COW_NOTHING;
}

/* Makes the heap of `pages` pages, of which each side may copy `copies` while there are two, and
 * takes the parent's exceptions; a program has one. `low`: the TABLE that hangs at address 0 of its
 * space. 0, or an error, and nothing is left of it. */
int cow_open(struct cow_heap *heap, uint64_t pages, uint64_t copies, exo_handle low);

/* Gives back what it consists of; there is no child. */
void cow_close(struct cow_heap *heap);

/* init only, whose tables the kernel made: the TABLE that cow_open wants, or EXO_NONE. */
exo_handle cow_init_low(void);

/* Starts a child that calls main(argument), on `hart`, and ends; `bit` is then raised. 0, or an
 * error, and there is no child. */
int cow_fork(struct cow_heap *heap, uint32_t hart, void (*main)(void *argument), void *argument,
	     uint32_t bit);

/* Takes the child apart, ended or not. Its space stays for the next one. */
int cow_join(struct cow_heap *heap);

/* Makes a page of the heap accessible to this side, for reading or writing: the work of the
 * handlers. 0 or an error. */
int cow_touch(struct cow_heap *heap, struct cow_side *side, uint64_t page, bool write);

/* A fault: 0 if it was the heap's. */
int cow_fault(struct cow_heap *heap, struct cow_side *side, const struct exo_fault *fault);

/* Takes the parent's exceptions from now on. */
int cow_register(struct cow_heap *heap);

/* Makes the object that a table or a part is. */
int64_t cow_create(struct cow_table *table, uint32_t type, uint64_t arg0, uint64_t arg1);

#endif
