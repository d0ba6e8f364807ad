/* SPDX-License-Identifier: MIT
 * rt.h: a cyclic executive on slots.
 *
 * The program's SLOT capabilities say when it runs; the table says what it does then. At the begin
 * of each slice the executive notes how late that is, runs the tasks that are due in the order of
 * the table, then `rest`, and gives up what is left. A task that runs over its budget is counted;
 * one that runs over the end of the slice is cut there by the kernel, so nobody else is late for
 * it, and goes on in the next slice: what was due meanwhile is counted as missed.
 */
#ifndef LIB_RT_RT_H
#define LIB_RT_RT_H

#include <stdbool.h>

#include "lib/rt/delay.h"

struct rt_task {
	const char *name;
	void (*run)(void *context);
	void *context;
	uint32_t period; /* slots of the timeline; due in slot n if n % period == offset */
	uint32_t offset;
	uint64_t budget_ns; /* 0: no limit */

	/* what came of it */
	uint64_t runs;
	uint64_t overruns; /* took longer than its budget */
	uint64_t missed;   /* was due in a slot that the executive did not see */
	uint64_t max_ns;   /* the longest run */
};

struct rt {
	struct rt_task *tasks;
	uint32_t count;
	bool (*rest)(void *context); /* after the tasks of each slice; false: the executive ends */
	void *context;

	/* what came of it */
	struct rt_delay delay; /* from the begin of the slot to the first C instruction */
	uint64_t slices;
	uint64_t slot; /* the last one, since the epoch */
};

/* True if the table makes sense: each task has a function, a period, and an offset below it. */
bool rt_table_is_valid(const struct rt_task *tasks, uint32_t count);

/* How often a task is due in slots [from, to). Pure. */
uint64_t rt_due(const struct rt_task *task, uint64_t from, uint64_t to);

/* Runs the table until `rest` says no: 0, E_INVAL (the table), or an error of exo_env_entry. For an
 * environment that has slots and takes no slack; one executive in a program. */
int rt_run(struct rt *rt);

#endif
