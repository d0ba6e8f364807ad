/* SPDX-License-Identifier: MIT
 * run_trace.c: `trace`: the last events of each hart, of one environment or of all.
 *
 * Everything is copied before anything is printed, for the monitor makes events too; its own are
 * left out unless they are asked for by name. What environments made of their memory counts as
 * theirs: an event names the page of its ENV, and init gave everyone a range of pages.
 * State: what was copied, and the ranges.
 */
#include <stdio.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/trace.h"
#include "user/monitor/command.h"
#include "user/monitor/world.h"

#define COUNT_DEFAULT 32
#define NAME_BYTES    (ROSTER_NAME + 12)

struct pages {
	uint64_t first;
	uint64_t count;
};

static struct {
	struct exo_trace_event events[EXO_HARTS_MAX][EXO_TRACE_FOUND_MAX];
	uint32_t count[EXO_HARTS_MAX];
	uint64_t now;
	uint64_t init_page;
} taken;

/* Where the ENVs of an environment are. */
static struct pages
pages_of(const struct world_env *env)
{
	struct exo_cap_info info;

	if (env->entry) {
		return (struct pages){env->entry->first_page, env->entry->pages};
	}
	if (!taken.init_page && exo_inspect(env->handle, 0, &info) == 0) {
		taken.init_page = info.start;
	}
	return (struct pages){taken.init_page, 1};
}

/* Everything but the monitor: the range goes round. */
static struct pages
pages_of_others(void)
{
	struct pages pages = {0, UINT64_MAX};
	struct world_env env;

	for (uint32_t n = 1; world_at(n, &env); n++) {
		if (env.entry->is_monitor) {
			pages = pages_of(&env);
			pages = (struct pages){pages.first + pages.count, -pages.count};
		}
	}
	return pages;
}

static void
take(const struct exo_trace *trace, struct pages pages, uint32_t most)
{
	for (uint32_t hart = 0; hart < trace->harts; hart++) {
		taken.count[hart] = exo_trace_copy_of(trace, hart, pages.first, pages.count,
						      taken.events[hart], most);
	}
	taken.now = exo_ticks();
}

static void
name_of(uint32_t page, char name[NAME_BYTES])
{
	struct world_env env;

	snprintf(name, NAME_BYTES, page ? "page 0x%x" : "nobody", page);
	for (uint32_t n = 0; page && world_at(n, &env); n++) {
		struct pages pages = pages_of(&env);

		if (page - pages.first < pages.count) {
			snprintf(name, NAME_BYTES, "%s", env.name);
		}
	}
}

static void
print_event(const struct exo_trace_event *event)
{
	uint64_t ago = event->time < taken.now ? taken.now - event->time : 0;
	char text[EXO_TRACE_TEXT];
	char name[NAME_BYTES];

	name_of(event->env, name);
	exo_trace_describe(event, text);
	printf("%10lu us ago  %-16s %s\n", exo_scale(ago, 1000000, exo_start()->timebase_hz), name,
	       text);
}

static void
print_harts(const struct exo_trace *trace, const char *name)
{
	uint32_t found = 0;

	for (uint32_t hart = 0; hart < trace->harts; hart++) {
		found += taken.count[hart];
		if (taken.count[hart]) {
			printf("hart %u: the last %u%s%s\n", hart, taken.count[hart],
			       name ? " of " : "", name ? name : "");
		}
		for (uint32_t i = 0; i < taken.count[hart]; i++) {
			print_event(&taken.events[hart][i]);
		}
	}
	if (!found) {
		printf("there are no events%s%s\n", name ? " of " : "", name ? name : "");
	}
}

/* The arguments. False, with a sentence, if they are wrong; env->name is NULL if there is no NAME.
 */
static bool
read_words(const struct words *words, uint64_t *most, struct world_env *env)
{
	uint32_t next = 1;
	bool has_count = words->count > 2 ||
			 (words->count > 1 && words->word[1][0] >= '0' && words->word[1][0] <= '9');

	*most = COUNT_DEFAULT;
	env->name = NULL;
	if (has_count &&
	    !command_number(words->word[next++], "count", 1, EXO_TRACE_FOUND_MAX, most)) {
		return false;
	}
	return words->count <= next || world_find(words->word[next], env);
}

void
run_trace(const struct words *words)
{
	const struct exo_trace *trace;
	struct world_env env;
	uint64_t most;

	if (!read_words(words, &most, &env)) {
		return;
	}
	trace = exo_trace_open();
	if (!trace) {
		printf("the kernel's trace cannot be mapped; give the monitor more frames in the "
		       "manifest, or chitin.trace fewer events\n");
		return;
	}
	if (!trace->armed) {
		printf("only faults and overruns are recorded; for all else start the machine with "
		       "chitin.trace among its boot arguments\n");
	}
	take(trace, env.name ? pages_of(&env) : pages_of_others(), (uint32_t)most);
	print_harts(trace, env.name);
}
