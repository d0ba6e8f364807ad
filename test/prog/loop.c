/* SPDX-License-Identifier: MIT
 * loop.c: the loop of 1 kHz that others try to make late: it does little, and tells now and then
 * how late its slices have begun, the worst of them:
 *
 *   # rt_slot_delay_max_ns NANOSECONDS SLICES
 *
 * in a line for each new maximum and for each power of two of slices, the last one for as many
 * as its argument says. It sees every slice that begins in its slots; one that was cut does not.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/rt/rt.h"

#define LOOP 4 /* slots: 1 ms */

static struct {
	uint64_t max_ns; /* told */
	uint64_t slices;
} loop;

static void
work(void *context)
{
	volatile double *position = context;

	*position = *position * 0.99 + 0.01;
}

static bool
tell(void *context)
{
	const struct rt *rt = context;

	if (rt->delay.max_ns > loop.max_ns || (rt->slices & (rt->slices - 1)) == 0 ||
	    rt->slices == loop.slices) {
		loop.max_ns = rt->delay.max_ns;
		printf("# rt_slot_delay_max_ns %lu %lu\n", (unsigned long)rt->delay.max_ns,
		       (unsigned long)rt->slices);
	}
	return rt->slices < loop.slices;
}

int
main(int argc, char **argv)
{
	static double position;
	struct rt_task task = {.name = "work", .run = work, .context = &position, .period = LOOP};
	struct rt rt = {.tasks = &task, .count = 1, .rest = tell, .context = &rt};

	loop.slices = argc > 1 ? strtoul(argv[1], NULL, 10) : UINT64_MAX;
	return rt_run(&rt) < 0;
}
