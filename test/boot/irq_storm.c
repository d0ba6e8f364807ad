/* SPDX-License-Identifier: MIT
 * irq_storm.c: what a driver can take from others: nothing by never acknowledging, and no more than
 * its turns and the devices' share by asking for interrupts without end.
 *
 * boot: init ICOUNT=1
 */
#include "test/boot/device.h"

#define BIT  5
#define TIME (40 * MS_NS)

static exo_handle line;
static struct hostile_thread victim, driver;
static volatile uint64_t progress, rings;

static void
work(uint64_t unused)
{
	(void)unused;
	for (;;) {
		progress++;
	}
}

static void
mute(uint64_t unused)
{
	(void)unused;
	exo_bind(EXO_BIND_IRQ, line, 0, BIT);
	rtc_alarm(0);
	for (;;) {
		rings += exo_sleep(EXO_EVENT(BIT), UINT64_MAX) == EXO_EVENT(BIT);
	}
}

static void
storm(uint64_t unused)
{
	(void)unused;
	exo_bind(EXO_BIND_IRQ, line, 0, BIT);
	for (;;) {
		rtc_write(RTC_CLEAR, 1);
		rtc_alarm(0);
		exo_irq_ack(line);
		rings += exo_sleep(EXO_EVENT(BIT), UINT64_MAX) == EXO_EVENT(BIT);
	}
}

/* How far the victim comes, in a while, beside a driver. */
static uint64_t
beside(void (*body)(uint64_t))
{
	uint64_t before;

	rings = 0;
	if (body) {
		hostile_thread_start(&driver, 0, body, 0);
	}
	before = progress;
	exo_pause(TIME);
	before = progress - before;
	if (body) {
		hostile_thread_end(&driver);
	}
	rtc_write(RTC_CLEAR, 1);
	return before;
}

int
main(void)
{
	uint64_t alone, percent;

	tap_plan(6);
	tap_ok(rtc_open(), "the registers of the clock are mapped");
	line = (exo_handle)carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND);
	hostile_thread_start(&victim, 0, work, 0);
	alone = beside(NULL);
	tap_ok(alone > 0, "somebody works (%lu turns)", (unsigned long)alone);
	alone += alone == 0;
	percent = beside(mute) * 100 / alone;
	tap_is((int64_t)rings, 1, "one that never acknowledges is interrupted once");
	tap_ok(percent >= 95, "and takes nothing (%lu %% are left)", (unsigned long)percent);
	percent = beside(storm) * 100 / alone;
	tap_ok(rings > 100, "another one asks for more and more (%lu)", (unsigned long)rings);
	tap_ok(percent >= 40, "and takes half (%lu %% are left)", (unsigned long)percent);
	return tap_end();
}
