/* SPDX-License-Identifier: MIT
 * irq_upcall.c: an interrupt enters the program that runs at once; it waits for a critical section
 * and for an exception handler; and it finds its environment while another one runs on the hart.
 *
 * boot: init SMP=1
 */
#include "test/boot/attempt.h"
#include "test/boot/device.h"

#define BIT      5
#define ROUNDS   50
#define PATIENCE 2000000000ul /* turns of a loop: never reached */

static exo_handle line;
static struct hostile_thread thread;
static volatile uint64_t handled, acknowledged, within;
static volatile uint64_t progress;
static volatile bool held_back;

static void
on_event(uint64_t events)
{
	within += events != EXO_EVENT(BIT);
	rtc_write(RTC_CLEAR, 1);
	acknowledged += exo_irq_ack(line) == 0;
	handled++;
}

static uint64_t
spin_until(uint64_t count)
{
	uint64_t turns = 0;

	while (handled < count && turns < PATIENCE) {
		turns++;
	}
	return handled;
}

/* Until an upcall is held back: true. */
static bool
comes_too_early(void)
{
	const volatile struct exo_uarea *u = (struct exo_uarea *)exo_start()->uarea;
	uint64_t turns = 0;

	while (!u->pending && turns < PATIENCE) {
		turns++;
	}
	return u->pending;
}

static void
test_at_once(void)
{
	uint64_t wanted = handled;

	for (int i = 0; i < ROUNDS; i++) {
		rtc_alarm(0);
		wanted++;
		if (spin_until(wanted) != wanted) {
			break;
		}
	}
	tap_is((int64_t)handled, ROUNDS, "each alarm enters the program that spins");
	tap_is((int64_t)acknowledged, ROUNDS, "and is acknowledged there");
	tap_is((int64_t)within, 0, "with its own event only");
}

static void
test_held_back(void)
{
	uint64_t before = handled;
	uint64_t held = exo_events_hold();

	rtc_alarm(0);
	tap_ok(comes_too_early(), "it comes in a critical section");
	tap_is((int64_t)(handled - before), 0, "and is held back");
	exo_events_release(held);
	tap_is((int64_t)(handled - before), 1, "but at its end");
}

static int
slow_handler(struct exo_fault *fault)
{
	rtc_alarm(0);
	held_back = comes_too_early();
	progress = handled;
	return attempt_handler(fault);
}

static void
test_exception(void)
{
	uint64_t before = handled;

	exo_on_exception(slow_handler);
	attempt_load(8);
	tap_ok(held_back, "it comes while an exception is handled");
	tap_is((int64_t)(progress - before), 0, "and is held back");
	tap_is((int64_t)(spin_until(before + 1) - before), 1, "but when that is over");
	exo_on_exception(NULL);
}

static void
body(uint64_t unused)
{
	(void)unused;
	for (;;) {
		progress++;
	}
}

/* The other one never sleeps: the interrupt comes while it runs, and wakes this one. */
static void
test_another_runs(void)
{
	uint64_t before = handled;
	uint64_t ran = 0;
	uint64_t begun;

	exo_on_event(0, NULL);
	hostile_thread_start(&thread, 0, body, 0);
	for (int i = 0; i < ROUNDS; i++) {
		begun = progress;
		rtc_alarm(3 * MS_NS);
		handled += exo_wait(EXO_EVENT(BIT), EXO_FOREVER) == EXO_EVENT(BIT);
		rtc_write(RTC_CLEAR, 1);
		exo_irq_ack(line);
		ran += progress != begun;
	}
	hostile_thread_end(&thread);
	tap_is((int64_t)(handled - before), ROUNDS, "a sleeper hears of it while another one runs");
	tap_ok(ran > 0, "which did run meanwhile");
}

/* The console interrupts when it has sent a line: the kernel's devices go their own way. */
static void
test_kernel_device(void)
{
	uint64_t before = exo_sysinfo()->hart[0].interrupts;

	exo_on_event(EXO_EVENT(BIT), on_event);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t wanted = handled + 1;

		printf("#\n");
		fflush(stdout);
		rtc_alarm(0);
		within += spin_until(wanted) != wanted;
	}
	tap_is((int64_t)within, 0, "both kinds of interrupt mixed");
	tap_ok(exo_sysinfo()->hart[0].interrupts > before + ROUNDS / 2, "there were some");
}

int
main(void)
{
	tap_plan(3 + 3 + 3 + 3 + 2 + 2);
	tap_ok(rtc_open(), "the registers of the clock are mapped");
	line = (exo_handle)carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND);
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), 0, "its line is bound");
	tap_is(exo_on_event(EXO_EVENT(BIT), on_event), 0, "with a handler");
	test_at_once();
	test_held_back();
	test_exception();
	test_another_runs();
	test_kernel_device();
	return tap_end();
}
