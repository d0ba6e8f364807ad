/* SPDX-License-Identifier: MIT
 * rt_loop.c: a loop of 1 kHz in slots of its own begins on time whatever runs beside it, and what
 * goes wrong in it is counted: a task over its budget, one over its slice, slots that are missed.
 *
 * `slices=N` on the kernel's command line: so many beside each neighbour instead of 100; `only=K`:
 * beside the K-th one alone.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include <stdlib.h>

#include "lib/exo/slots.h"
#include "lib/rt/rt.h"
#include "test/boot/neighbour_calls.h"
#include "test/boot/neighbour_irqs.h"
#include "test/boot/neighbours.h"
#include "test/boot/tap.h"

#define LOOP      4 /* slots: 1 ms */
#define SLICES    100
#define DELAY_NS  20000
#define BUDGET_NS 20000
#define MS        1000000ul

static const struct neighbour neighbours[] = {
	{"a spinner", neighbour_spins, NULL, false},
	{"one that yields", neighbour_yields, NULL, false},
	{"one that naps", neighbour_naps, NULL, false},
	{"one that protects pages", neighbour_protects, NULL, false},
	{"one that signals itself", neighbour_signals, NULL, false},
	{"one that makes objects", neighbour_creates, NULL, false},
	{"a spinner with slots", neighbour_spins, NULL, true},
	{"one that ignores the end", neighbour_overruns, NULL, true},
	{"one that yields at the last tick", neighbour_is_last, NULL, true},
	{"one that abuses the grace", neighbour_abuses_grace, NULL, true},
	{"some that pass their turns round", neighbour_hoards, neighbour_hoard, false},
	{"a storm of sleep and wake", neighbour_wakes, neighbour_wake, false},
	{"one that calls itself", neighbour_calls_itself, NULL, false},
	{"chains of 17 calls", neighbour_calls, neighbour_chain, false},
	{"one whose callee does not answer", neighbour_waits, neighbour_mute, false},
	{"one whose callee races with its time", neighbour_races, neighbour_racer, false},
	{"chains whose last one dies", neighbour_loses_chain, neighbour_short_chain, false},
	{"answers after a revocation", neighbour_is_revoked, neighbour_revoker, false},
	{"a storm of interrupts", neighbour_storms, NULL, false},
	{"one that acknowledges none", neighbour_never_acknowledges, NULL, false},
};
#define NEIGHBOURS (sizeof(neighbours) / sizeof(neighbours[0]))

/* The shape of a run: what rt_run gets in the thread that has the slots. */
static struct rt rt;
static volatile uint64_t last_slot, irregular;
static uint64_t slices;

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
	return rt.slices < slices;
}

static uint64_t
loop_body(void *argument)
{
	(void)argument;
	return (uint64_t)rt_run(&rt);
}

/* --- the loop in a thread that takes no slack ---------------------------------------------------
 */
static exo_handle slots[16], slots_before[16];

/* Every fourth slot from `first` on. */
static int64_t
carve_slots(exo_handle *to, uint64_t first)
{
	int64_t result = 0;

	for (uint64_t i = 0; i < 16 && result >= 0; i++) {
		result = exo_carve(exo_boot()->timelines[0], (uint32_t)exo_slot_take(),
				   first + i * LOOP, 1, EXO_SLOT_BIND, 0);
		to[i] = (exo_handle)result;
	}
	return result;
}

static void
unbind_slots(const exo_handle *from)
{
	for (uint64_t i = 0; i < 16; i++) {
		exo_unbind(EXO_BIND_SLOT, from[i]);
	}
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
	unbind_slots(slots); /* from the one before */
	result = exo_thread_start_in(&t, 0, slots, 16, loop_body, NULL);
	if (result < 0) {
		printf("# %s\n", exo_error_name(result));
		return false;
	}
	return exo_thread_join(&t, &status) == 0 && status == 0;
}

static int
begin(const struct neighbour *n, struct exo_thread *t)
{
	neighbour_is_over = false;
	neighbour_deeds = 0;
	if (n->prepare) {
		n->prepare();
	}
	return n->has_slots ? exo_thread_start_in(t, 0, slots_before, 16, n->body, NULL)
			    : exo_thread_start(t, 0, n->body, NULL);
}

/* It may be dead: who overruns too often is ended. */
static void
end(struct exo_thread *t)
{
	neighbour_is_over = true;
	exo_thread_join(t, NULL);
	neighbour_helpers_end();
	unbind_slots(slots_before);
}

static void
check_beside(const struct neighbour *n)
{
	struct rt_task task = {.name = "loop", .run = every_time, .period = LOOP};
	struct exo_thread beside;
	int begun = begin(n, &beside);
	bool right = begun == 0 && run(&task, 1);

	if (begun == 0) {
		end(&beside);
	}
	right = right && neighbour_deeds > 0 && task.runs == slices;
	tap_ok(right && task.missed == 0 && irregular == 0 && rt.delay.max_ns < DELAY_NS,
	       "beside %s: every fourth slot, late by %lu ns at most", n->name,
	       (unsigned long)rt.delay.max_ns);
	printf("# rt_slot_delay_max_ns %lu %lu beside %s (%lu times)\n",
	       (unsigned long)rt.delay.max_ns, (unsigned long)rt.slices, n->name,
	       (unsigned long)neighbour_deeds);
}

/* One that sleeps until its slot begins, instead of giving up the rest of the one before. */
static uint64_t sleeper_max;

static uint64_t
sleeper_body(void *argument)
{
	const struct exo_sysinfo *s = exo_sysinfo();
	uint64_t late, next = (slot_now() / LOOP + 2) * LOOP;

	(void)argument;
	for (uint64_t i = 0; i < slices; i++, next += LOOP) {
		uint64_t begin = s->timeline_epoch + next * s->slot_ticks;

		exo_sleep(0, begin);
		late = exo_ticks() - begin;
		sleeper_max = late > sleeper_max ? late : sleeper_max;
	}
	return 0;
}

static void
check_sleeper(void)
{
	const struct neighbour storm = {"", neighbour_wakes, neighbour_wake, false};
	struct exo_thread beside, t;
	bool right = begin(&storm, &beside) == 0;

	unbind_slots(slots);
	right = right && exo_thread_start_in(&t, 0, slots, 16, sleeper_body, NULL) == 0 &&
		exo_thread_join(&t, NULL) == 0;
	end(&beside);
	sleeper_max = exo_ns_of_ticks(sleeper_max, exo_start()->timebase_hz);
	tap_ok(right && sleeper_max < DELAY_NS,
	       "whose slot it is wakes before all others that sleep until then: late by %lu ns",
	       (unsigned long)sleeper_max);
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

static uint64_t
option(const char *name, uint64_t otherwise)
{
	const char *found = strstr(exo_boot()->bootargs, name);

	return found ? strtoull(found + strlen(name), NULL, 10) : otherwise;
}

int
main(void)
{
	uint64_t only = option("only=", NEIGHBOURS);
	uint64_t first = only < NEIGHBOURS ? only : 0;
	uint64_t last = only < NEIGHBOURS ? only : NEIGHBOURS - 1;

	slices = option("slices=", SLICES);
	tap_plan(4 + (unsigned)(last - first) + 1 + 7);
	tap_ok(carve_slots(slots, 0) >= 0, "every fourth slot of the hart");
	tap_ok(carve_slots(slots_before, LOOP - 1) >= 0, "and those before them");
	tap_is(exo_pages_make(&neighbour_pages, NEIGHBOUR_PAGES), 0, "pages for a neighbour");
	tap_ok(neighbour_device(), "a device for one");
	for (uint64_t i = first; i <= last; i++) {
		check_beside(&neighbours[i]);
	}
	slices = SLICES;
	check_sleeper();
	check_counts();
	return tap_end();
}
