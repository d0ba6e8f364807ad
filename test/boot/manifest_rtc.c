/* SPDX-License-Identifier: MIT
 * manifest_rtc.c: a device that the manifest names: its registers and its line, and nothing else.
 */
#include <stdlib.h>

#include "test/boot/device.h"

#define BIT 3

int
main(void)
{
	const struct exo_start *start = exo_start();
	const char *where = exo_start_value("windows");
	struct exo_cap_info info = {0};
	uint64_t address = 0;

	tap_plan(9);
	tap_is(start->window_count, 1, "there is one window");
	tap_is(start->irq_count, 1, "and one line");
	exo_inspect(start->windows[0], 0, &info);
	tap_ok(info.start == RTC_PAGE && info.count == 1, "the page of the clock");
	exo_inspect(start->irqs[0], 0, &info);
	tap_ok(info.start == RTC_LINE && info.count == 1, "the line of the clock");
	tap_ok(where && strtoul(where, NULL, 16) == RTC_PAGE * EXO_PAGE_SIZE, "where it is");
	tap_is(exo_vm_map(exo_own_vm(), start->windows[0], 0, 1, EXO_READ | EXO_WRITE, &address), 0,
	       "it is mapped");
	rtc = (volatile uint32_t *)address;
	tap_is(exo_bind(EXO_BIND_IRQ, start->irqs[0], 0, BIT), 0, "and bound");
	rtc_alarm(MS_NS);
	tap_is((int64_t)exo_wait(EXO_EVENT(BIT), 2000 * MS_NS), EXO_EVENT(BIT), "it rings");
	rtc_write(RTC_CLEAR, 1);
	tap_is(exo_irq_ack(start->irqs[0]), 0, "acknowledged");
	return tap_end();
}
