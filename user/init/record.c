/* SPDX-License-Identifier: MIT
 * record.c: what init tells of an environment that has ended.
 *
 * Everything is taken before anything is printed: what init does itself makes events too, which
 * take the place of older ones. What the dead program left is data to print, nothing else.
 * State: what was taken of the last one. init is single-threaded.
 */
#include "user/init/record.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/registers.h"
#include "lib/exo/start.h"
#include "lib/exo/trace.h"
#include "user/init/backtrace.h"
#include "user/init/death.h"
#include "user/init/say.h"

#define CALLS_MAX    16
#define EVENTS_MAX   32
#define REGISTER_ROW 4
#define NAME_SHOWN   64 /* of a function's name, so that a line stays one */

static struct {
	char how[DEATH_BYTES];
	struct backtrace_call calls[CALLS_MAX];
	uint32_t call_count;
	struct exo_trace_event events[2 * EVENTS_MAX];
	uint32_t event_count;
	bool is_traced;
	uint64_t now;
} record;

static int64_t
peek(const void *program, uint64_t address, void *to, size_t bytes)
{
	return exo_env_peek(*(const exo_handle *)program, address, to, bytes);
}

static void
take_calls(const struct record_of *of)
{
	struct elf elf;
	struct elf_symbols symbols;
	struct backtrace_of what = {
		.elf = &elf,
		.context = of->context,
		.peek = peek,
		.program = &of->env,
	};

	record.call_count = 0;
	if (!elf_open(&elf, of->elf, of->elf_bytes)) {
		what.symbols = elf_symbols(&elf, &symbols) ? NULL : &symbols;
		record.call_count = backtrace_make(&what, record.calls, CALLS_MAX);
	}
}

/* Puts the last `more` of `count` events, which ascend like those before them, where they belong,
 * and keeps the newest. */
static uint32_t
merge(struct exo_trace_event *events, uint32_t count, uint32_t more)
{
	for (uint32_t i = count - more; i < count; i++) {
		struct exo_trace_event event = events[i];
		uint32_t to = i;

		for (; to && events[to - 1].time > event.time; to--) {
			events[to] = events[to - 1];
		}
		events[to] = event;
	}
	if (count > EVENTS_MAX) {
		memmove(events, events + count - EVENTS_MAX, EVENTS_MAX * sizeof(events[0]));
		count = EVENTS_MAX;
	}
	return count;
}

/* It may have been on several harts. */
static void
take_events(const struct manifest_range *pool)
{
	const struct exo_trace *trace = exo_trace_open();

	record.event_count = 0;
	record.is_traced = trace && trace->armed;
	record.now = exo_ticks();
	for (uint32_t hart = 0; record.is_traced && hart < trace->harts; hart++) {
		uint32_t more = exo_trace_copy_of(trace, hart, pool->first, pool->count,
						  record.events + record.event_count, EVENTS_MAX);

		record.event_count = merge(record.events, record.event_count + more, more);
	}
}

static void
print_registers(const struct exo_context *context)
{
	for (uint32_t i = 0; i < RV_REGISTERS; i++) {
		printf("%s%3s %016lx%s", i % REGISTER_ROW ? "  " : "init: ", rv_register_name(i),
		       exo_register_value(context, i),
		       i % REGISTER_ROW == REGISTER_ROW - 1 ? "\n" : "");
	}
}

/* What stands in the source: the compiler's copies of functions are called x.part.0 and the like.
 */
static int
name_length(const char *name)
{
	size_t length = 1 + strcspn(name + 1, ".");

	return length < NAME_SHOWN ? (int)length : NAME_SHOWN;
}

static void
print_calls(void)
{
	printf("init: called by (those with ? perhaps earlier):\n");
	for (uint32_t i = 0; i < record.call_count; i++) {
		const struct backtrace_call *call = &record.calls[i];

		printf("init:  %c 0x%lx ", call->is_certain ? ' ' : '?', call->pc);
		if (call->name) {
			printf("%.*s+0x%lx\n", name_length(call->name), call->name,
			       call->pc - call->function);
		} else {
			printf("no name\n");
		}
	}
}

static void
print_events(void)
{
	char text[EXO_TRACE_TEXT];

	printf(record.event_count
		       ? "init: the last %u of its events:\n"
		       : "init: none of its events is left; chitin.trace=EVENTS keeps more\n",
	       record.event_count);
	for (uint32_t i = 0; i < record.event_count; i++) {
		const struct exo_trace_event *event = &record.events[i];

		exo_trace_describe(event, text);
		printf("init:  %10lu us ago  %s\n",
		       exo_scale(record.now - event->time, 1000000, exo_start()->timebase_hz),
		       text);
	}
}

/* True if it did not end just so the last time; that is this time, from now on. */
static bool
is_new(const struct exo_context *context, struct record_last *last)
{
	struct record_last now = {
		.kind = context->death.kind,
		.cause = context->death.cause,
		.pc = context->death.pc,
		.tval = context->death.tval,
	};
	bool is_same = !memcmp(&now, last, sizeof(now));

	*last = now;
	return !is_same;
}

void
record_tell(const struct record_of *of, struct record_last *last)
{
	const struct exo_context *context = of->context;
	bool is_exit = context->death.kind == EXO_DEATH_EXIT;
	bool is_told = !(is_exit && !context->death.cause) && is_new(context, last);

	if (is_told) {
		take_events(&of->manifest->frames);
		take_calls(of);
	}
	death_describe(context, record.how);
	say("%s: %s", of->manifest->name, record.how);
	if (is_told && !is_exit) {
		print_registers(context);
		print_calls();
	}
	if (is_told && record.is_traced) {
		print_events();
	}
}
