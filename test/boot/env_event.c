/* SPDX-License-Identifier: MIT
 * env_event.c: events enter the program as upcalls: at once, one at a time, never in a critical
 * section, while an exception is handled, or in the window in which one ends.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define BIT      5
#define OTHER    6
#define EVENTS   (EXO_EVENT(BIT) | EXO_EVENT(OTHER))
#define MS       1000000ul
#define FLOODS   100
#define PATTERN  0x0123456789abcdeful
#define EXC_OPEN 2 /* cause of an exception */

static struct {
	volatile uint64_t calls;
	volatile uint64_t last;
	volatile uint64_t depth;
	volatile uint64_t nested;  /* how often one ran within another */
	volatile uint64_t outside; /* how often one ran where it must not */
	volatile bool critical;
	volatile uint64_t faults;
	volatile bool over;
} seen;

static struct exo_uarea *
uarea(void)
{
	return (struct exo_uarea *)exo_start()->uarea;
}

static void
signal_self(uint64_t bits)
{
	exo_signal(exo_start()->env, bits);
}

static void
note(uint64_t events)
{
	seen.nested += seen.depth++ != 0;
	seen.outside += seen.critical || uarea()->cause;
	seen.calls++;
	seen.last = events;
	seen.depth--;
}

static void
check_delivery(void)
{
	tap_is(exo_on_event(EVENTS, note), 0, "a handler is registered");
	signal_self(EXO_EVENT(BIT));
	tap_ok(seen.calls == 1 && seen.last == EXO_EVENT(BIT), "an event arrives at once");
	tap_is(exo_sleep(EVENTS, 0), 0, "it is no longer pending");
	signal_self(EXO_EVENT(BIT) | EXO_EVENT(OTHER));
	tap_ok(seen.calls == 2 && seen.last == EVENTS, "two arrive together");
	signal_self(EXO_EVENT(9));
	tap_ok(seen.calls == 2 && exo_sleep(EXO_EVENT(9), 0) == EXO_EVENT(9),
	       "others wait for a sleep");
	tap_is((int64_t)uarea()->mask, 0, "`mask` is clear again");
}

static void
check_registration(void)
{
	exo_on_event(0, NULL);
	signal_self(EXO_EVENT(BIT));
	tap_is((int64_t)seen.calls, 2, "without a handler events wait");
	exo_on_event(EVENTS, note);
	tap_is((int64_t)seen.calls, 3, "a new handler gets what is pending");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, KERNEL_IMAGE, 1), E_RANGE,
	       "no entry point in the kernel");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, 0x10000, 1ul << 63), E_INVAL,
	       "no upcall for bit 63");
}

static void
check_critical(void)
{
	uint64_t before = seen.calls, outer, inner;

	outer = exo_events_hold();
	seen.critical = true;
	signal_self(EXO_EVENT(BIT));
	inner = exo_events_hold();
	signal_self(EXO_EVENT(OTHER));
	exo_events_release(inner);
	tap_ok(seen.calls == before && uarea()->pending, "a critical section holds them back");
	exo_pause(2 * MS);
	tap_is((int64_t)(seen.calls - before), 0, "across a sleep");
	seen.critical = false;
	exo_events_release(outer);
	tap_ok(seen.calls == before + 1 && seen.last == EVENTS && !uarea()->pending,
	       "they come at its end");
}

/* Signals itself where an upcall must not come, and sees whether it comes afterwards. */
static int
signalling_fault(struct exo_fault *fault)
{
	seen.faults++;
	signal_self(EXO_EVENT(BIT));
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static void
check_exception(void)
{
	uint64_t before = seen.calls, end;

	exo_on_exception(signalling_fault);
	__asm__ volatile(".word 0x0b" : : : "memory");
	end = exo_now_ns() + 1000 * MS;
	while (seen.calls == before && exo_now_ns() < end) {
	}
	tap_ok(seen.calls == before + 1 && seen.faults == 1,
	       "one in an exception handler comes after it, without a call");
	exo_on_exception(NULL);
}

static int
step_over(struct exo_fault *fault)
{
	seen.faults++;
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static void
faulting(uint64_t events)
{
	__asm__ volatile(".word 0x0b" : : : "memory");
	if (events & EXO_EVENT(OTHER)) {
		signal_self(EXO_EVENT(BIT)); /* held back until this one is over */
	}
	note(events);
}

static void
check_fault_in_handler(void)
{
	uint64_t before = seen.calls;

	seen.faults = 0;
	exo_on_exception(step_over);
	exo_on_event(EVENTS, faulting);
	signal_self(EXO_EVENT(OTHER));
	tap_ok(seen.faults == 2 && seen.calls == before + 2 && !seen.nested,
	       "a handler may fault and signal; the next comes when it is over");
	tap_ok(uarea()->mask == 0 && uarea()->cause == 0 && uarea()->pending == 0,
	       "all is clear afterwards");
	exo_on_exception(NULL);
	exo_on_event(EVENTS, note);
}

/* --- from another hart -------------------------------------------------------------------- */
/* Once the other one sleeps: before, the upcall would come before the sleep, and nothing end it. */
static void
once_body(uint64_t bit)
{
	struct exo_context c = {0};

	while (c.state != EXO_STATE_SLEEPING) {
		linger(10000);
		exo_env_read(exo_start()->env, &c);
	}
	exo_signal(exo_start()->env, EXO_EVENT(bit));
	exo_exit(0);
}

static void
check_sleeper(void)
{
	struct hostile_thread t;
	uint64_t before = seen.calls;

	hostile_thread_start(&t, 1, once_body, BIT);
	tap_is(exo_sleep(EXO_EVENT(20), UINT64_MAX), 0, "an upcall ends a sleep");
	tap_is((int64_t)(seen.calls - before), 1, "after it has run");
	hostile_thread_end(&t);
	hostile_thread_start(&t, 1, once_body, BIT);
	tap_is((int64_t)exo_wait(EXO_EVENT(20), 300 * MS), 0, "exo_wait sleeps on");
	tap_is((int64_t)(seen.calls - before), 2, "though one came");
	hostile_thread_end(&t);
}

static void
flood_body(uint64_t hart)
{
	(void)hart;
	for (uint64_t i = 0; !seen.over; i++) {
		exo_signal(exo_start()->env, EXO_EVENT(BIT + i % 2));
		linger(i % 500);
	}
	exo_exit(0);
}

/* Every register but gp holds a pattern while events and exceptions come. */
static bool
registers_stay(uint64_t turns)
{
	uint64_t bad = 0;

	for (uint64_t i = 0; i < turns && !bad; i++) {
		__asm__ volatile(
			"mv t0, %1\n\tmv t1, %1\n\tmv t2, %1\n\tmv t3, %1\n\tmv t4, %1\n\t"
			"mv t5, %1\n\tmv t6, %1\n\tmv a7, %1\n\tmv a6, %1\n\tmv a5, %1\n\t"
			"fmv.d.x ft0, %1\n\tfmv.d.x fa7, %1\n\t"
			"li a4, 200\n"
			"1:\taddi a4, a4, -1\n\tbnez a4, 1b\n\t"
			".word 0x0b\n\t"
			"xor t0, t0, %1\n\txor t1, t1, %1\n\txor t2, t2, %1\n\txor t3, t3, %1\n\t"
			"xor t4, t4, %1\n\txor t5, t5, %1\n\txor t6, t6, %1\n\txor a7, a7, %1\n\t"
			"xor a6, a6, %1\n\txor a5, a5, %1\n\t"
			"or t0, t0, t1\n\tor t2, t2, t3\n\tor t4, t4, t5\n\tor t6, t6, a7\n\t"
			"or a6, a6, a5\n\tfmv.x.d t1, ft0\n\tfmv.x.d t3, fa7\n\txor t1, t1, %1\n\t"
			"xor t3, t3, %1\n\tor t0, t0, t1\n\tor t2, t2, t3\n\tor t0, t0, t2\n\t"
			"or t4, t4, t6\n\tor t0, t0, a6\n\tor %0, t0, t4"
			: "=r"(bad)
			: "r"(PATTERN)
			: "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a4", "a5", "a6", "a7", "ft0",
			  "fa7", "memory");
	}
	return !bad;
}

static void
check_flood(void (*entry)(void), void (*window)(void), const char *what)
{
	struct hostile_thread t;
	uint64_t before = seen.calls;
	uint64_t end = exo_now_ns() + 30 * EXO_NS_PER_S;
	bool stay = true;

	seen.over = false;
	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)entry, (uint64_t)window);
	hostile_thread_start(&t, 1, flood_body, 1);
	while (stay && seen.calls < before + FLOODS && exo_now_ns() < end) {
		stay = registers_stay(100);
	}
	tap_ok(stay, "registers stay through %s and events", what);
	seen.over = true;
	tap_ok(seen.calls >= before + FLOODS, "%lu came", (unsigned long)(seen.calls - before));
	exo_on_exception(NULL);
	exo_pause(50 * MS);
	hostile_thread_end(&t);
}

/* A program that never lets one in harms only itself. */
static void
check_held_for_good(void)
{
	uint64_t before = seen.calls;

	uarea()->cause = EXC_OPEN;
	signal_self(EXO_EVENT(BIT));
	linger(3000000);
	tap_ok(seen.calls == before && uarea()->pending, "a `cause` that stays holds it back");
	uarea()->cause = 0;
	for (int i = 0; i < 1000 && seen.calls == before; i++) {
		linger(100000); /* the kernel looks from time to time */
	}
	tap_is((int64_t)(seen.calls - before), 1, "and it comes when that is gone");
	tap_is(exo_resume(), E_STATE, "nothing is open that could be resumed");
}

int
main(void)
{
	tap_plan(29);
	check_delivery();
	check_registration();
	check_critical();
	check_exception();
	check_fault_in_handler();
	check_sleeper();
	exo_on_exception(step_over);
	check_flood(exo_exception_entry, exo_exception_window, "exceptions in C");
	check_flood(exo_skip_entry, exo_skip_window, "short exceptions");
	tap_ok(!seen.nested && !seen.outside, "no upcall in another, nor where it must not be");
	check_held_for_good();
	tap_is(exo_on_event(0, NULL), 0, "the handler goes");
	return tap_end();
}
