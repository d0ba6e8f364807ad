/* SPDX-License-Identifier: MIT
 * trace.c: takes the kernel's event trace after a while and prints it, for `make trace`.
 *
 *   trace [SECONDS [EVENTS]]     after 5 seconds, the newest 8192 events of each hart
 *
 * Everything is copied before anything is printed, for printing makes events too. The form of the
 * lines is that of docs/debugging.md; scripts/perfetto.py reads it:
 *   trace: begin HARTS HZ        trace: hart N FIRST COUNT OVERWRITTEN-BEFORE
 *   trace= TICKS.KIND.VALUE.ENV ...   hexadecimal; TICKS since the event before, ENV only if it is
 * another trace: end
 */
#include "lib/exo/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define SECONDS    5
#define EVENTS     8192
#define LINE_BYTES 240

struct copy {
	struct exo_trace_event *events;
	uint32_t count;
	uint64_t first;
};

static unsigned long
argument(int argc, char **argv, int index, unsigned long otherwise)
{
	return index < argc ? strtoul(argv[index], NULL, 10) : otherwise;
}

static uint32_t
copies_make(struct copy *copies, const struct exo_trace *trace, uint32_t most)
{
	struct exo_pages pages;
	uint64_t bytes = (uint64_t)most * sizeof(struct exo_trace_event);

	for (uint32_t i = 0; i < trace->harts; i++) {
		if (exo_pages_make(&pages, (bytes + EXO_PAGE_SIZE - 1) >> EXO_PAGE_SHIFT) < 0) {
			return i;
		}
		copies[i].events = pages.memory;
	}
	return trace->harts;
}

/* One event, as short as it can be. */
static int
event_print(char *to, const struct exo_trace_event *event, const struct exo_trace_event *before)
{
	int used = sprintf(to, "%" PRIx64 ".%x.%x", event->time - before->time, event->kind,
			   event->value);

	return event->env == before->env ? used : used + sprintf(to + used, ".%x", event->env);
}

static void
hart_print(uint32_t hart, const struct copy *copy)
{
	struct exo_trace_event before = {0};
	char line[LINE_BYTES + 64];
	int used = 0;

	printf("trace: hart %u %" PRIu64 " %u\n", hart, copy->first, copy->count);
	for (uint32_t i = 0; i < copy->count; i++) {
		used += sprintf(line + used, used ? " " : "trace= ");
		used += event_print(line + used, &copy->events[i], &before);
		before = copy->events[i];
		if (used > LINE_BYTES - 48 || i + 1 == copy->count) {
			printf("%s\n", line);
			used = 0;
		}
	}
}

int
main(int argc, char **argv)
{
	static struct copy copies[EXO_HARTS_MAX];
	unsigned long seconds = argument(argc, argv, 1, SECONDS);
	uint32_t most = (uint32_t)argument(argc, argv, 2, EVENTS);
	const struct exo_trace *trace = exo_trace_open();
	uint32_t harts = trace ? copies_make(copies, trace, most) : 0;

	if (!harts) {
		printf("trace: %s\n", trace ? "too few frames for so many events"
					    : "the manifest does not say `trace;`");
		return 1;
	}
	exo_pause(seconds * EXO_NS_PER_S);
	for (uint32_t i = 0; i < harts; i++) {
		copies[i].count =
			exo_trace_copy(trace, i, copies[i].events, most, &copies[i].first);
	}
	printf("trace: begin %u %" PRIu64 "\n", harts, exo_start()->timebase_hz);
	for (uint32_t i = 0; i < harts; i++) {
		hart_print(i, &copies[i]);
	}
	printf("trace: end\n");
	return 0;
}
