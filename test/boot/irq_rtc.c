/* SPDX-License-Identifier: MIT
 * irq_rtc.c: a driver in a program: the board's clock through a window, its alarm as an event; and
 * a line that is taken away, dropped or left behind in the middle of an interrupt serves the next.
 *
 * boot: init SMP=2
 */
#include "test/boot/device.h"

#define BIT       5
#define BIT_OTHER 6
#define PATIENCE  (2000 * MS_NS)
#define SHORT     (30 * MS_NS)

static exo_handle line;
static struct hostile_thread thread;
static volatile uint64_t thread_result;

static uint64_t
alarm_comes(void)
{
	rtc_alarm(MS_NS);
	return exo_wait(EXO_EVENT(BIT), PATIENCE);
}

static exo_handle
line_carve(void)
{
	int64_t result = carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static void
test_alarm(void)
{
	uint64_t before = rtc_now();

	tap_ok(before > 1600000000ul * 1000000000ul, "the clock tells a date of our days");
	exo_pause(MS_NS);
	tap_ok(rtc_now() > before, "it runs");
	line = line_carve();
	tap_is(exo_irq_ack(line), E_STATE, "nothing to acknowledge before the line is bound");
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), 0, "the line is bound");
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), E_BUSY, "once");
	tap_is(exo_irq_ack(line), E_STATE, "nothing to acknowledge before it interrupts");
	for (int i = 0; i < 3; i++) {
		tap_is((int64_t)alarm_comes(), EXO_EVENT(BIT), "the alarm is an event");
		tap_is((int64_t)exo_wait(EXO_EVENT(BIT), SHORT), 0, "just one, though it goes on");
		rtc_write(RTC_CLEAR, 1);
		tap_is(exo_irq_ack(line), 0, "it is acknowledged");
		tap_is(exo_irq_ack(line), E_STATE, "once");
	}
}

/* It asks again before it is acknowledged: the event waits until then. (With a line that just
 * stays up it is the same, but QEMU's controller asks only when a line rises.) */
static void
test_again(void)
{
	alarm_comes();
	rtc_write(RTC_CLEAR, 1);
	rtc_alarm(0);
	tap_is((int64_t)exo_wait(EXO_EVENT(BIT), SHORT), 0, "no event before the acknowledgement");
	tap_is(exo_irq_ack(line), 0, "acknowledged");
	tap_is((int64_t)exo_wait(EXO_EVENT(BIT), PATIENCE), EXO_EVENT(BIT), "it comes at once");
}

static void
test_taken_away(void)
{
	exo_handle before = line;

	tap_is(exo_revoke(line_root(RTC_LINE), RTC_LINE, 1), 0, "the line is revoked meanwhile");
	tap_is(exo_irq_ack(before), E_HANDLE, "who had it has it no more");
	tap_is((int64_t)exo_wait(EXO_EVENT(BIT), SHORT), 0, "and hears of it no more");
	rtc_write(RTC_CLEAR, 1);
	line = line_carve();
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), 0, "another one gets it");
	tap_is((int64_t)alarm_comes(), EXO_EVENT(BIT), "and it works");
	tap_is(exo_unbind(EXO_BIND_IRQ, line), 0, "it is unbound, not acknowledged");
	tap_is(exo_unbind(EXO_BIND_IRQ, line), E_STATE, "once");
	rtc_write(RTC_CLEAR, 1);
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), 0, "bound again");
	tap_is((int64_t)alarm_comes(), EXO_EVENT(BIT), "it works again");
	rtc_write(RTC_CLEAR, 1);
	tap_is(exo_irq_ack(line), 0, "acknowledged");
	exo_unbind(EXO_BIND_IRQ, line);
}

/* Binds the line, tells that an interrupt has come, and ends or waits without acknowledging it. */
static void
body(uint64_t ends)
{
	thread_result = (uint64_t)exo_bind(EXO_BIND_IRQ, line, 0, BIT_OTHER) + 1;
	exo_sleep(EXO_EVENT(BIT_OTHER), UINT64_MAX);
	thread_result = 2;
	if (ends) {
		exo_exit(0);
	}
	for (;;) {
		exo_sleep(0, UINT64_MAX);
	}
}

static void
thread_until(uint64_t wanted)
{
	for (int i = 0; i < 2000 && thread_result != wanted; i++) {
		exo_pause(MS_NS);
	}
	exo_pause(10 * MS_NS);
}

/* Whose ENV was dropped on another hart ends there a moment later. */
static int64_t
bind_when_free(void)
{
	int64_t result = E_BUSY;

	for (int i = 0; i < 2000 && result == E_BUSY; i++) {
		result = exo_bind(EXO_BIND_IRQ, line, 0, BIT);
		if (result == E_BUSY) {
			exo_pause(MS_NS);
		}
	}
	return result;
}

static void
test_left_behind(uint32_t hart, bool ends)
{
	thread_result = 0;
	hostile_thread_start(&thread, hart, body, ends);
	thread_until(1);
	tap_ok(thread_result == 1, "hart %u: another environment binds the line", hart);
	rtc_alarm(MS_NS);
	thread_until(2);
	tap_ok(thread_result == 2, "hart %u: it is interrupted", hart);
	rtc_write(RTC_CLEAR, 1);
	if (!ends) {
		tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), E_BUSY, "it lives: the line is its");
		tap_is(exo_irq_ack(line), 0, "who has the capability acknowledges for it");
		rtc_alarm(MS_NS);
		exo_pause(SHORT);
		rtc_write(RTC_CLEAR, 1);
		hostile_thread_end(&thread);
	}
	tap_is(bind_when_free(), 0, "it is over: the line is free");
	tap_is((int64_t)alarm_comes(), EXO_EVENT(BIT), "and works");
	rtc_write(RTC_CLEAR, 1);
	tap_is(exo_irq_ack(line), 0, "acknowledged");
	tap_is(exo_unbind(EXO_BIND_IRQ, line), 0, "unbound");
	if (ends) {
		hostile_thread_end(&thread);
	}
}

int
main(void)
{
	uint32_t harts = hostile_harts();

	tap_plan(7 + 12 + 3 + 10 + harts * 14);
	tap_ok(rtc_open(), "the registers of the clock are mapped");
	test_alarm();
	test_again();
	test_taken_away();
	for (uint32_t hart = 0; hart < harts; hart++) {
		test_left_behind(hart, true);
		test_left_behind(hart, false);
	}
	return tap_end();
}
