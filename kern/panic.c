/* SPDX-License-Identifier: MIT
 * panic.c: the end of everything, for a broken invariant of the kernel itself: why, the registers
 * if it was a trap, who called whom, and what the hart did last.
 *
 * The first hart to come here prints, on whatever stack it is; the others wait for it.
 */
#include "kern/panic.h"
#include <stdarg.h>
#include <exo/types.h>
#include "kern/console.h"
#include "kern/kernel.h"
#include "kern/trace.h"
#include "lib/base/checked.h"
#include "lib/base/print.h"
#include "lib/base/rv.h"

#define MESSAGE_BYTES 256
#define PRINT_SECONDS 2
#define CALLS_MAX     40
#define EVENTS_MAX    32

static uint32_t panicking; /* the first hart to panic prints, the others wait */

static const char *const event_names[] = {
#define TRACE_EVENT(nr, name, word, value) [nr] = (word),
#include <exo/trace.def>
#undef TRACE_EVENT
};

static void
print_registers(const struct arch_registers *at)
{
	for (uint32_t i = 0; i < RV_REGISTERS; i++) {
		kprint("%s%3s %016lx%s", i % 4 ? "  " : "chitin: ", rv_register_name(i), at->x[i],
		       i % 4 == 3 ? "\n" : "");
	}
}

static void
print_calls(const struct arch_registers *at)
{
	static struct arch_call calls[CALLS_MAX];
	uint32_t count = arch_backtrace(at, calls, CALLS_MAX);

	kprint("chitin: called by (those with ? perhaps earlier):\n");
	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = 0;
		uint64_t call = i ? 1 : 0; /* a call may be the last of its function: look before */
		const char *name = arch_symbol(calls[i].pc - call, &offset);

		kprint("chitin:  %c %lx %s+0x%lx\n", calls[i].certain ? ' ' : '?', calls[i].pc,
		       name ? name : "no name", offset + call);
	}
}

static void
print_event(const struct exo_trace_event *event, uint64_t now)
{
	const char *word = event->kind < ARRAY_SIZE(event_names) ? event_names[event->kind] : NULL;
	uint64_t ago_us = (now - event->time) * 1000000 / arch_timebase_hz();

	kprint("chitin:  %10lu us ago  %-13s %5u  environment 0x%x\n", ago_us,
	       word ? word : "unknown", event->value, event->env);
}

static void
print_events(uint32_t hart)
{
	const struct hart *h = &kernel_get()->hart[hart];
	uint64_t end = trace_count(h);
	uint64_t n = end < EVENTS_MAX ? 0 : end - EVENTS_MAX;
	uint64_t now = arch_time();

	kprint("chitin: the last %lu of %lu events of hart %u:\n", end - n, end, hart);
	for (; n < end; n++) {
		struct exo_trace_event event = trace_event(h, n);

		print_event(&event, now);
	}
}

/* What comes first is what matters most: it may not get to the end. */
static void
report(const struct arch_registers *at, bool is_trap, const char *format, va_list arguments)
{
	char message[MESSAGE_BYTES];
	uint32_t hart = arch_hart_at(at);

	vsnformat(message, sizeof(message), format, arguments);
	kprint("chitin: panic: %s\n", message);
	if (is_trap) {
		print_registers(at);
	}
	print_calls(at);
	if (hart < kernel_get()->harts) {
		print_events(hart);
	}
}

static _Noreturn void
end(void)
{
	for (;;) {
		arch_power(EXO_POWER_FAIL, kernel_get()->test_device);
		arch_wait();
	}
}

/* One that comes second waits for the first to print, which may have met with a trap itself. */
static void
wait_for_the_first(void)
{
	uint64_t until = arch_time() + PRINT_SECONDS * arch_timebase_hz();

	while (arch_time() < until) {
	}
}

static bool
is_first(void)
{
	bool first = __atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST) == 0;

	if (first) {
		console_panic();
	} else {
		wait_for_the_first();
	}
	return first;
}

void
panic(const char *format, ...)
{
	static struct arch_registers here; /* not on the stack, which is searched */
	va_list arguments;

	if (is_first()) {
		arch_registers_here(&here);
		va_start(arguments, format);
		report(&here, false, format, arguments);
		va_end(arguments);
	}
	end();
}

void
panic_at(const struct arch_registers *at, const char *format, ...)
{
	va_list arguments;

	if (is_first()) {
		va_start(arguments, format);
		report(at, true, format, arguments);
		va_end(arguments);
	}
	end();
}
