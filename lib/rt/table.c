/* SPDX-License-Identifier: MIT
 * table.c: what a table of tasks says; see rt.h. Pure.
 */
#include "lib/rt/rt.h"

bool
rt_table_is_valid(const struct rt_task *tasks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!tasks[i].run || tasks[i].period == 0 || tasks[i].offset >= tasks[i].period) {
			return false;
		}
	}
	return count > 0;
}

/* In slots [0, end). */
static uint64_t
due_before(const struct rt_task *task, uint64_t end)
{
	return end / task->period + (end % task->period > task->offset);
}

uint64_t
rt_due(const struct rt_task *task, uint64_t from, uint64_t to)
{
	return due_before(task, to) - due_before(task, from);
}
