/* SPDX-License-Identifier: MIT
 * heartbeat.c: prints a line every few seconds, to show that the machine is alive.
 *
 *   heartbeat [SECONDS [COUNT]]     5 seconds, without end, where not given
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define SECONDS 5
#define MS_NS   1000000ull

static unsigned long
argument(int argc, char **argv, int index, unsigned long otherwise)
{
	return index < argc ? strtoul(argv[index], NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
	unsigned long seconds = argument(argc, argv, 1, SECONDS);
	unsigned long count = argument(argc, argv, 2, 0);

	for (unsigned long beat = 1; !count || beat <= count; beat++) {
		uint64_t now_ms = exo_now_ns() / MS_NS;

		printf("%s: beat %lu, %lu.%03lu s since start\n", exo_name(), beat, now_ms / 1000,
		       now_ms % 1000);
		exo_pause(seconds * EXO_NS_PER_S);
	}
	return 0;
}
