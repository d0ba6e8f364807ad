/* SPDX-License-Identifier: MIT
 * rt.c: see rt.h.
 *
 * State: what the begin of a slice has noted, written by the upcall. The tasks run in the program
 * itself, so they may use floating point, wait for events and be interrupted like any other code.
 * A slice whose predecessor was cut has no begin: then the executive finds itself in a later slot.
 */
#include "lib/rt/rt.h"

#include <exo/errors.h>
#include <exo/sysinfo.h>

#include "lib/exo/call.h"
#include "lib/exo/start.h"
#include "lib/exo/time.h"
#include "lib/exo/upcall.h"

static volatile struct {
	bool has_begun;
	uint64_t time;
} slice;

static void
on_begin(void)
{
	slice.time = exo_ticks();
	slice.has_begun = true;
}

static uint64_t
ns_of(uint64_t ticks)
{
	return exo_ns_of_ticks(ticks, exo_start()->timebase_hz);
}

static void
task_run(struct rt_task *task)
{
	uint64_t begin = exo_ticks();
	uint64_t ns;

	task->run(task->context);
	ns = ns_of(exo_ticks() - begin);
	task->runs++;
	task->overruns += task->budget_ns && ns > task->budget_ns;
	task->max_ns = ns > task->max_ns ? ns : task->max_ns;
}

/* The tasks of `slot`; `last` is the one that was seen before. */
static void
slot_run(struct rt *rt, uint64_t last, uint64_t slot)
{
	for (uint32_t i = 0; i < rt->count; i++) {
		struct rt_task *task = &rt->tasks[i];

		if (rt->slices > 1) {
			task->missed += rt_due(task, last + 1, slot);
		}
		if (rt_due(task, slot, slot + 1)) {
			task_run(task);
		}
	}
}

static bool
slice_run(struct rt *rt)
{
	const struct exo_sysinfo *s = exo_sysinfo();
	uint64_t since = slice.time - s->timeline_epoch;
	uint64_t last = rt->slot;

	rt->slot = since / s->slot_ticks;
	rt->slices++;
	rt_delay_add(&rt->delay, ns_of(since % s->slot_ticks));
	slot_run(rt, last, rt->slot);
	return !rt->rest || rt->rest(rt->context);
}

int
rt_run(struct rt *rt)
{
	bool goes_on = true;
	int result;

	if (!rt_table_is_valid(rt->tasks, rt->count) || !exo_sysinfo()) {
		return E_INVAL;
	}
	result = exo_on_slice(EXO_ENTRY_BEGIN, on_begin);
	while (result == 0 && goes_on) {
		exo_yield(EXO_NONE);
		if (slice.has_begun) {
			slice.has_begun = false;
			goes_on = slice_run(rt);
		}
	}
	return result < 0 ? result : exo_on_slice(EXO_ENTRY_BEGIN, NULL);
}
