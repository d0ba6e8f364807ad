/* SPDX-License-Identifier: MIT
 * trace_read.c: events out of a ring that is being written, and words for them. Pure: builds on the
 * host.
 *
 * The writer completes an entry, then counts it, then begins the next one. So what was copied is
 * good if the count, read afterwards, says that not even the entry being written lies on it.
 */
#include <exo/syscalls.h>

#include "lib/base/checked.h"
#include "lib/base/print.h"
#include "lib/exo/trace.h"

static const struct exo_trace_event *
ring_of(const struct exo_trace *trace, uint32_t hart)
{
	return (const struct exo_trace_event *)((const uint8_t *)trace +
						EXO_TRACE_RING(hart, trace->events));
}

/* The number of the oldest event that is not about to be overwritten. */
static uint64_t
oldest(uint64_t count, uint32_t size)
{
	return count < size ? 0 : count - size + 1;
}

uint32_t
exo_trace_copy(const struct exo_trace *trace, uint32_t hart, struct exo_trace_event *events,
	       uint32_t most, uint64_t *first)
{
	const struct exo_trace_event *ring = ring_of(trace, hart);
	const uint64_t *counter = &trace->hart[hart].count;
	uint64_t end = __atomic_load_n(counter, __ATOMIC_ACQUIRE);
	uint64_t begin = oldest(end, trace->events);
	uint64_t good;

	begin = end - begin > most ? end - most : begin;
	for (uint64_t n = begin; n < end; n++) {
		events[n - begin] = ring[n & (trace->events - 1)];
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	good = oldest(__atomic_load_n(counter, __ATOMIC_RELAXED), trace->events);
	good = good < begin ? begin : good > end ? end : good;
	for (uint64_t n = good; n < end; n++) {
		events[n - good] = events[n - begin];
	}
	*first = good;
	return (uint32_t)(end - good);
}

/* How many of `count` entries of numbers[], which descend, are still good. */
static uint32_t
good_ones(const struct exo_trace *trace, uint32_t hart, const uint64_t *numbers, uint32_t count)
{
	uint64_t good;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	good = oldest(__atomic_load_n(&trace->hart[hart].count, __ATOMIC_RELAXED), trace->events);
	while (count && numbers[count - 1] < good) {
		count--;
	}
	return count;
}

static void
turn_round(struct exo_trace_event *events, uint32_t count)
{
	for (uint32_t i = 0; i < count / 2; i++) {
		struct exo_trace_event event = events[i];

		events[i] = events[count - 1 - i];
		events[count - 1 - i] = event;
	}
}

uint32_t
exo_trace_copy_of(const struct exo_trace *trace, uint32_t hart, uint64_t first_page, uint64_t pages,
		  struct exo_trace_event *events, uint32_t most)
{
	const struct exo_trace_event *ring = ring_of(trace, hart);
	uint64_t end = __atomic_load_n(&trace->hart[hart].count, __ATOMIC_ACQUIRE);
	uint64_t begin = oldest(end, trace->events);
	uint64_t numbers[EXO_TRACE_FOUND_MAX];
	uint32_t count = 0;

	most = most < EXO_TRACE_FOUND_MAX ? most : EXO_TRACE_FOUND_MAX;
	for (uint64_t n = end; n > begin && count < most; n--) {
		events[count] = ring[(n - 1) & (trace->events - 1)];
		if (events[count].env - first_page < pages) {
			numbers[count++] = n - 1;
		}
	}
	count = good_ones(trace, hart, numbers, count);
	turn_round(events, count);
	return count;
}

static const char *const kinds[] = {
#define TRACE_EVENT(nr, name, word, value) [nr] = (word),
#include <exo/trace.def>
#undef TRACE_EVENT
};

static const char *const calls[] = {
#define SYSCALL(nr, name) [nr] = #name,
#include <exo/syscalls.def>
};

static const char *const upcalls[] = {
	[EXO_UPCALL_EVENT] = "event",
	[EXO_UPCALL_BEGIN] = "slice begin",
	[EXO_UPCALL_END] = "slice end",
};

static const char *const deaths[] = {
	[EXO_DEATH_EXIT] = "exit",
	[EXO_DEATH_FAULT] = "fault",
	[EXO_DEATH_STOP] = "memory taken",
	[EXO_DEATH_OVERRUN] = "overrun",
};

static const char *
word_of(const char *const *words, size_t count, uint32_t number)
{
	return number < count && words[number] ? words[number] : "unknown";
}

const char *
exo_trace_kind_name(uint32_t kind)
{
	return word_of(kinds, ARRAY_SIZE(kinds), kind);
}

const char *
exo_trace_call_name(uint32_t nr)
{
	return word_of(calls, ARRAY_SIZE(calls), nr);
}

static void
describe_interrupt(const char *kind, uint32_t pending, char text[EXO_TRACE_TEXT])
{
	snformat(text, EXO_TRACE_TEXT, "%s%s%s%s", kind, pending & 1 ? " hart" : "",
		 pending & 2 ? " timer" : "", pending & 4 ? " device" : "");
}

void
exo_trace_describe(const struct exo_trace_event *event, char text[EXO_TRACE_TEXT])
{
	const char *kind = exo_trace_kind_name(event->kind);
	const char *word = NULL;

	switch (event->kind) {
	case EXO_TRACE_RUN:
	case EXO_TRACE_IDLE:
		word = "";
		break;
	case EXO_TRACE_CALL:
	case EXO_TRACE_RETURN:
		word = exo_trace_call_name(event->value);
		break;
	case EXO_TRACE_UPCALL:
		word = word_of(upcalls, ARRAY_SIZE(upcalls), event->value);
		break;
	case EXO_TRACE_DEATH:
		word = word_of(deaths, ARRAY_SIZE(deaths), event->value);
		break;
	case EXO_TRACE_INTERRUPT:
	case EXO_TRACE_INTERRUPT_END:
		describe_interrupt(kind, event->value, text);
		return;
	default:
		snformat(text, EXO_TRACE_TEXT, "%s %u", kind, event->value);
		return;
	}
	snformat(text, EXO_TRACE_TEXT, "%s%s%s", kind, *word ? " " : "", word);
}
