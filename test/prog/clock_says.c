/* SPDX-License-Identifier: MIT
 * clock_says.c: prints the time of day and that of the counter, both in nanoseconds, and whether
 * the clock was set.
 *
 *   clock_says [SECONDS COUNT]     between two lines, and how many; one where not given
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/clock.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"

static void
say(void)
{
	struct exo_clock_line line = {0};
	uint64_t counter_ns = exo_now_ns();
	uint64_t ns = 0;
	int status = exo_clock_wait(&ns, 60 * EXO_NS_PER_S);

	if (status < 0) {
		printf("%s: no time: %s\n", exo_name(), exo_error_name(status));
		return;
	}
	exo_clock_load(exo_clock_page(), &line);
	printf("%s: %lu at %lu, generation %lu\n", exo_name(), ns, counter_ns, line.generation);
}

int
main(int argc, char **argv)
{
	unsigned long seconds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

	for (unsigned long i = 0; i < count; i++) {
		say();
		exo_pause(seconds * EXO_NS_PER_S);
	}
	return 0;
}
