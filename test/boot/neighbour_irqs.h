/* SPDX-License-Identifier: MIT
 * neighbour_irqs.h: neighbours (neighbours.h) that drive a device as badly as they can.
 */
#ifndef TEST_BOOT_NEIGHBOUR_IRQS_H
#define TEST_BOOT_NEIGHBOUR_IRQS_H

#include "test/boot/device.h"
#include "test/boot/neighbours.h"

#define NEIGHBOUR_BIT 5

static exo_handle neighbour_line;

/* Once; the registers of the clock and its line. */
static inline bool
neighbour_device(void)
{
	neighbour_line = (exo_handle)carve_from(line_root(RTC_LINE), RTC_LINE, 1, EXO_IRQ_BIND);
	return rtc_open() && (int64_t)neighbour_line > 0;
}

static inline bool
neighbour_is_rung(void)
{
	return exo_sleep(EXO_EVENT(NEIGHBOUR_BIT), exo_ticks() + 1000) == EXO_EVENT(NEIGHBOUR_BIT);
}

/* Asks for an interrupt whenever one has come. */
static inline uint64_t
neighbour_storms(void *argument)
{
	(void)argument;
	exo_bind(EXO_BIND_IRQ, neighbour_line, 0, NEIGHBOUR_BIT);
	while (!neighbour_is_over) {
		rtc_write(RTC_CLEAR, 1);
		rtc_alarm(0);
		exo_irq_ack(neighbour_line);
		neighbour_deeds += neighbour_is_rung();
	}
	rtc_write(RTC_CLEAR, 1);
	return (uint64_t)exo_unbind(EXO_BIND_IRQ, neighbour_line);
}

/* Takes interrupts and acknowledges none, only binds the line anew. */
static inline uint64_t
neighbour_never_acknowledges(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		exo_bind(EXO_BIND_IRQ, neighbour_line, 0, NEIGHBOUR_BIT);
		rtc_alarm(0);
		neighbour_deeds += neighbour_is_rung();
		exo_unbind(EXO_BIND_IRQ, neighbour_line);
	}
	rtc_write(RTC_CLEAR, 1);
	return 0;
}

#endif
