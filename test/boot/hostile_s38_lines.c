/* SPDX-License-Identifier: MIT
 * hostile_s38_lines.c: S38: an interrupt line reaches only who holds it; a line that is never
 * acknowledged, changes hands at any moment or is asked for by all harts at once harms nobody.
 *
 * boot: init SMP=4
 */
#include "test/boot/device.h"

#define BIT   5
#define TURNS 80

static volatile exo_handle line;
static struct hostile_thread thread[4];
static volatile uint64_t stop;
static volatile uint64_t bound[4];

static uint32_t
got_line(uint64_t source)
{
	uint32_t got = 0;

	for (uint32_t i = 0; i < EXO_LINES_MAX && exo_boot()->irqs[i]; i++) {
		uint32_t slot = free_slot();

		got += exo_carve(exo_boot()->irqs[i], slot, source, 1, EXO_IRQ_BIND, 0) >= 0;
		exo_slot_free(slot);
	}
	return got;
}

static void
test_names(void)
{
	int64_t two = carve_from(line_root(20), 20, 2, EXO_IRQ_BIND);
	int64_t none = carve_from(line_root(22), 22, 1, 0);

	tap_is(got_line(UART_LINE), 0, "the console's line is the kernel's");
	tap_is(got_line(0), 0, "there is no line 0");
	tap_is(got_line(exo_sysinfo()->irq_sources + 1), 0, "nor one beyond the last");
	tap_is(got_line(1ul << 32 | RTC_LINE), 0, "nor one with a high half");
	tap_is(exo_bind(EXO_BIND_IRQ, (exo_handle)two, 0, BIT), E_RANGE, "two are not bound");
	tap_is(exo_bind(EXO_BIND_IRQ, (exo_handle)none, 0, BIT), E_RIGHTS, "nor without the right");
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, 63), E_INVAL, "nor to bit 63");
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, 1ul << 32 | BIT), E_INVAL, "nor to a wild bit");
	tap_is(exo_bind(EXO_BIND_IRQ, exo_start()->console, 0, BIT), E_TYPE, "nor the console");
	tap_is(exo_irq_ack((exo_handle)two), E_RANGE, "two are not acknowledged");
	tap_is(exo_irq_ack((exo_handle)none), E_RIGHTS, "nor without the right");
	tap_is(exo_irq_ack(exo_start()->console), E_TYPE, "nor the console");
	tap_is(exo_irq_ack(line + (1ul << 32)), E_HANDLE, "nor what has no name");
}

/* A share of the line in other hands. */
static void
test_shares(void)
{
	int64_t share = exo_share(line, free_slot(), RTC_LINE, 1, EXO_IRQ_BIND, 0);

	tap_is(exo_bind(EXO_BIND_IRQ, (exo_handle)share, 0, BIT), 0, "a share binds the line");
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), E_BUSY, "then its parent cannot");
	tap_is(exo_irq_ack(line), E_STATE, "nor acknowledge for it");
	rtc_alarm(MS_NS);
	tap_is((int64_t)exo_wait(EXO_EVENT(BIT), 2000 * MS_NS), EXO_EVENT(BIT), "it rings");
	tap_is(exo_irq_ack(line), E_STATE, "its parent does not acknowledge");
	tap_is(exo_revoke(line, 0, 0), 0, "but takes it back, unacknowledged");
	rtc_write(RTC_CLEAR, 1);
	tap_is(exo_irq_ack((exo_handle)share), E_HANDLE, "the share is gone");
}

/* Binds, waits a little, acknowledges or not, unbinds: from every hart, all the time. */
static void
body(uint64_t number)
{
	uint64_t state = number + 1;

	while (!stop) {
		if (exo_bind(EXO_BIND_IRQ, line, 0, BIT) == 0) {
			bound[number]++;
		}
		if (noise(&state) % 2) {
			exo_sleep(EXO_EVENT(BIT), exo_start()->timebase_hz / 5000);
		}
		if (noise(&state) % 2) {
			exo_irq_ack(line);
		}
		if (noise(&state) % 2) {
			exo_unbind(EXO_BIND_IRQ, line);
		}
		linger(noise(&state) % 500);
	}
	exo_exit(0);
}

static void
test_storm(uint32_t harts)
{
	uint64_t sum = 0;

	for (uint32_t i = 1; i < harts; i++) {
		hostile_thread_start(&thread[i], i, body, i);
	}
	for (int i = 0; i < TURNS; i++) {
		rtc_alarm(0);
		exo_pause(MS_NS / 5);
		rtc_write(RTC_CLEAR, 1);
		if (i % 10 == 9) {
			exo_revoke(line_root(RTC_LINE), RTC_LINE, 1);
			line = (exo_handle)exo_carve(line_root(RTC_LINE), EXO_HANDLE_INDEX(line),
						     RTC_LINE, 1, EXO_IRQ_BIND, 0);
		}
	}
	stop = 1;
	for (uint32_t i = 1; i < harts; i++) {
		sum += bound[i];
		hostile_thread_end(&thread[i]);
	}
	tap_ok(sum > 0, "other harts bound the line (%lu times)", (unsigned long)sum);
}

int
main(void)
{
	tap_plan(2 + 13 + 7 + 1 + 4);
	tap_ok(rtc_open(), "the registers of the clock are mapped");
	line = (exo_handle)carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND);
	tap_ok((int64_t)line > 0, "and its line is carved");
	test_names();
	test_shares();
	test_storm(hostile_harts());
	exo_revoke(line_root(RTC_LINE), RTC_LINE, 1);
	line = (exo_handle)carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND);
	tap_is(exo_bind(EXO_BIND_IRQ, line, 0, BIT), 0, "afterwards it is bound");
	exo_wait(EXO_EVENT(BIT), 0);
	rtc_alarm(MS_NS);
	tap_is((int64_t)exo_wait(EXO_EVENT(BIT), 2000 * MS_NS), EXO_EVENT(BIT), "and rings");
	rtc_write(RTC_CLEAR, 1);
	tap_is(exo_irq_ack(line), 0, "acknowledged");
	tap_is(exo_irq_ack(line), E_STATE, "once");
	return tap_end();
}
