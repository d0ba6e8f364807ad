/* SPDX-License-Identifier: MIT
 * control.c: a control loop of 1 kHz that measures itself: a second-order filter follows a square
 * wave, and the delays of the slices are printed now and then, a line in each slice.
 *
 *   control [SECONDS [COUNT]]     a histogram every 10 seconds, without end, where not given
 *
 * Its manifest node has slots = <0 0 4 16> or the like: every fourth slot of 250 us, and no slack.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/rt/rt.h"

#define SECONDS   10
#define LOOP      4 /* slots: 1 ms */
#define BUDGET_NS 50000

static struct {
	double position, speed, target;
} plant;

static struct {
	uint64_t every; /* slots */
	uint64_t last;  /* slot in which a histogram was begun */
	uint64_t count; /* how many are to be printed, 0: no end */
	int line;       /* the next one of it; -1: none */
} report = {.line = -1};

/* 1 ms of a damped spring. */
static void
loop(void *context)
{
	const double dt = 0.001, stiffness = 400.0, damping = 40.0;

	(void)context;
	plant.speed += dt * (stiffness * (plant.target - plant.position) - damping * plant.speed);
	plant.position += dt * plant.speed;
}

static void
retarget(void *context)
{
	(void)context;
	plant.target = plant.target > 0.5 ? 0.0 : 1.0;
}

static struct rt_task tasks[] = {
	{.name = "loop", .run = loop, .period = LOOP, .budget_ns = BUDGET_NS},
	{.name = "target", .run = retarget, .period = LOOP * 1000, .budget_ns = BUDGET_NS},
};

static void
print_head(const struct rt *rt)
{
	printf("%s: %lu slices, %lu missed, %lu over budget; begun late by %lu ns on average, %lu "
	       "at most\n",
	       exo_name(), (unsigned long)rt->slices, (unsigned long)tasks[0].missed,
	       (unsigned long)tasks[0].overruns,
	       (unsigned long)(rt->delay.sum_ns / rt->delay.count),
	       (unsigned long)rt->delay.max_ns);
}

static void
print_bucket(const struct rt *rt, uint32_t index)
{
	unsigned long count = rt->delay.bucket[index];

	if (count && index == RT_DELAY_BUCKETS - 1) {
		printf("%s:      longer %8lu\n", exo_name(), count);
	} else if (count) {
		printf("%s: < %6lu ns %8lu\n", exo_name(), (unsigned long)rt_delay_end_ns(index),
		       count);
	}
}

/* A line of the report, if one is being printed. */
static bool
rest(void *context)
{
	const struct rt *rt = context;

	if (report.line < 0) {
		report.last = report.last ? report.last : rt->slot;
		report.line = rt->slot - report.last >= report.every ? 0 : -1;
		return true;
	}
	if (report.line == 0) {
		report.last = rt->slot;
		print_head(rt);
	} else if (report.line <= RT_DELAY_BUCKETS) {
		print_bucket(rt, (uint32_t)report.line - 1);
	} else {
		printf("%s: in an emulator, delays of wall-clock time come from the emulator's "
		       "host\n",
		       exo_name());
		report.line = -1;
		return report.count == 0 || --report.count > 0;
	}
	report.line++;
	return true;
}

int
main(int argc, char **argv)
{
	unsigned long seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : SECONDS;
	struct rt rt = {.tasks = tasks, .count = 2, .rest = rest, .context = &rt};
	int result;

	report.every = seconds * LOOP * 1000;
	report.count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	result = rt_run(&rt);
	if (result < 0) {
		printf("%s: cannot run: %s\n", exo_name(), exo_error_sentence(result));
	}
	return result < 0;
}
