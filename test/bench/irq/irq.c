/* SPDX-License-Identifier: MIT
 * irq.c: from an interrupt to the first instruction of the user-level handler (irq_to_user).
 *
 * The device is the Goldfish clock of QEMU virt, whose alarm in the past interrupts at the store;
 * then the program spins in user mode until its handler was there, so whatever S-mode executes in
 * between is the way of the interrupt: claim, event bit, upcall. The samples are apart, for the
 * kernel lets devices rest after each turn (kern/hart.c).
 */
#include "lib/exo/events.h"
#include "lib/exo/slots.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/boot/device.h"

#define SAMPLES  100
#define BIT      5
#define APART_NS 1000000

/* handler.S: its first instruction ends the interval, then it goes on as exo_event_entry. */
extern const char arrive_event[];

static exo_handle line;
static volatile int handled;

static void
handle(uint64_t events)
{
	(void)events;
	rtc_write(RTC_CLEAR, 1);
	must("irq_ack", exo_irq_ack(line));
	handled = 1;
}

static void
open_line(void)
{
	line = (exo_handle)must("carve",
				carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND));
	must("window", rtc_open() ? 0 : E_NODEV);
	must("handler", exo_on_event(EXO_EVENT(BIT), handle));
	must("entry", exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, (uint64_t)arrive_event,
				    EXO_EVENT(BIT)));
	must("bind", exo_bind(EXO_BIND_IRQ, line, 0, BIT));
	rtc_write(RTC_IRQ_ENABLED, 1);
	rtc_write(RTC_ALARM_HIGH, 0);
}

int
main(void)
{
	open_line();
	bench_empty();
	for (int i = 0; i < SAMPLES; i++) {
		exo_pause(APART_NS);
		handled = 0;
		BEGIN(OP_IRQ_TO_USER);
		rtc_write(RTC_ALARM_LOW, 0);
		while (!handled) {
		}
	}
	return bench_end();
}
