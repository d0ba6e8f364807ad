/* SPDX-License-Identifier: MIT
 * rt_loop.c: a loop of 1 kHz in slots of its own begins on time whatever runs beside it, and what
 * goes wrong in it is counted: a task over its budget, one over its slice, slots that are missed.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "lib/exo/slots.h"
#include "lib/rt/rt.h"
#include "test/boot/neighbours.h"
#include "test/boot/tap.h"

#define LOOP      4 /* slots: 1 ms */
#define SLICES    50
#define DELAY_NS  20000
#define BUDGET_NS 20000
#define MS        1000000ul

/* The shape of a run: what rt_run gets in the thread that has the slots. */
static struct rt rt;
static volatile uint64_t last_slot, irregular;

static uint64_t
slot_now(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (exo_ticks() - s->timeline_epoch) / s->slot_ticks;
}

static void
spend(uint64_t ns)
{
	uint64_t end = exo_now_ns() + ns;

	while (exo_now_ns() < end) {
	}
}

/* Every fourth slot, exactly. */
static void
every_time(void *context)
{
	uint64_t slot = slot_now();

	(void)context;
	irregular += slot % LOOP != 0 || (last_slot && slot != last_slot + LOOP);
	last_slot = slot;
}

/* Takes longer than it may. */
static void
too_long(void *context)
{
	(void)context;
	spend(2 * BUDGET_NS);
}

/* Once, much longer than a slice: cut by the kernel, it goes on in the next one. */
static void
far_too_long(void *context)
{
	uint64_t *times = context;

	if (++*times == 10) {
		spend(3 * MS);
	}
}

static bool
until_done(void *context)
{
	(void)context;
	return rt.slices < SLICES;
}

static uint64_t
loop_body(void *argument)
{
	(void)argument;
	return (uint64_t)rt_run(&rt);
}

/* --- the loop in a thread that takes no slack ---------------------------------------------------
 */
static exo_handle slots[16];

static int64_t
own_slots(void)
{
	int64_t result = 0;

	for (uint64_t i = 0; i < 16 && result >= 0; i++) {
		result = exo_carve(exo_boot()->timelines[0], (uint32_t)exo_slot_take(), i * LOOP, 1,
				   EXO_SLOT_BIND, 0);
		slots[i] = (exo_handle)result;
	}
	return result;
}

/* Runs the table once; false: it did not end well. */
static bool
run(struct rt_task *tasks, uint32_t count)
{
	struct exo_thread t;
	uint64_t status = 1;
	int result;

	rt = (struct rt){.tasks = tasks, .count = count, .rest = until_done};
	last_slot = irregular = 0;
	for (uint32_t i = 0; i < 16; i++) {
		exo_unbind(EXO_BIND_SLOT, slots[i]); /* from the one before */
	}
	result = exo_thread_start_in(&t, 0, slots, 16, loop_body, NULL);
	if (result < 0) {
		printf("# %s\n", exo_error_name(result));
		return false;
	}
	return exo_thread_join(&t, &status) == 0 && status == 0;
}

static void
check_beside(const struct neighbour *n)
{
	struct rt_task task = {.name = "loop", .run = every_time, .period = LOOP};
	struct exo_thread beside;
	bool right;

	neighbour_is_over = false;
	exo_thread_start(&beside, 0, n->body, NULL);
	right = run(&task, 1);
	neighbour_is_over = true;
	exo_thread_join(&beside, NULL);
	tap_ok(right && task.runs == SLICES && task.missed == 0 && irregular == 0 &&
		       rt.delay.max_ns < DELAY_NS,
	       "beside %s: every fourth slot, late by %lu ns at most", n->name,
	       (unsigned long)rt.delay.max_ns);
}

static void
check_counts(void)
{
	uint64_t times = 0;
	struct rt_task tasks[] = {
		{.name = "short", .run = every_time, .period = LOOP, .budget_ns = BUDGET_NS},
		{.name = "long", .run = too_long, .period = 4 * LOOP, .budget_ns = BUDGET_NS},
		{.name = "cut", .run = far_too_long, .context = &times, .period = LOOP},
	};

	tap_ok(run(tasks, 2), "two tasks");
	tap_ok(tasks[0].overruns == 0 && tasks[0].runs == SLICES, "one keeps its budget");
	tap_ok(tasks[1].runs >= SLICES / 4 && tasks[1].runs <= SLICES / 4 + 1 &&
		       tasks[1].overruns == tasks[1].runs && tasks[1].max_ns >= 2 * BUDGET_NS,
	       "one that is due every fourth time does not, each time");
	tasks[0].runs = 0;
	tasks[1] = tasks[2];
	tap_ok(run(tasks, 2), "one is cut");
	tap_ok(tasks[0].missed >= 1 && tasks[0].missed <= 16 && tasks[0].runs == SLICES,
	       "what was due meanwhile is counted as missed: %lu", (unsigned long)tasks[0].missed);
	tasks[0].period = 0;
	tap_ok(!run(tasks, 1), "a table without sense is refused");
}

int
main(void)
{
	tap_plan(2 + NEIGHBOURS + 6);
	tap_ok(own_slots() >= 0, "every fourth slot of the hart");
	tap_is(exo_pages_make(&neighbour_pages, NEIGHBOUR_PAGES), 0, "pages for a neighbour");
	for (uint32_t i = 0; i < NEIGHBOURS; i++) {
		check_beside(&neighbours[i]);
	}
	check_counts();
	return tap_end();
}
