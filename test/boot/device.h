/* SPDX-License-Identifier: MIT
 * device.h: what boot tests of windows and lines share: roots, and the Goldfish clock of QEMU virt.
 *
 * The clock tells nanoseconds since 1970 and has one alarm, whose interrupt stays up until it is
 * cleared.
 */
#ifndef TEST_BOOT_DEVICE_H
#define TEST_BOOT_DEVICE_H

#include "test/boot/hostile.h"

#define RTC_PAGE        0x101ul
#define RTC_LINE        11
#define UART_LINE       10
#define RTC_TIME_LOW    0x00
#define RTC_TIME_HIGH   0x04
#define RTC_ALARM_LOW   0x08
#define RTC_ALARM_HIGH  0x0c
#define RTC_IRQ_ENABLED 0x10
#define RTC_CLEAR       0x1c

#define MS_NS           1000000ul

/* The capability of a list, which EXO_NONE or its length ends, that holds `name`; else EXO_NONE. */
static inline exo_handle
root_of(const exo_handle *roots, uint32_t most, uint64_t name)
{
	for (uint32_t i = 0; i < most && roots[i] != EXO_NONE; i++) {
		struct exo_cap_info info;

		if (exo_inspect(roots[i], 0, &info) == 0 && name >= info.start &&
		    name - info.start < info.count) {
			return roots[i];
		}
	}
	return EXO_NONE;
}

static inline exo_handle
window_root(uint64_t page)
{
	return root_of(exo_boot()->windows, EXO_WINDOWS_MAX, page);
}

static inline exo_handle
line_root(uint64_t line)
{
	return root_of(exo_boot()->irqs, EXO_LINES_MAX, line);
}

/* A carved child in a slot of its own, or an error. */
static inline int64_t
carve_from(exo_handle root, uint64_t start, uint64_t count, uint64_t rights)
{
	return exo_carve(root, free_slot(), start, count, rights, 0);
}

static volatile uint32_t *rtc; /* where its registers are mapped */

static inline uint32_t
rtc_read(uint32_t at)
{
	return rtc[at / 4];
}

static inline void
rtc_write(uint32_t at, uint32_t value)
{
	rtc[at / 4] = value;
}

static inline uint64_t
rtc_now(void)
{
	uint64_t low = rtc_read(RTC_TIME_LOW); /* holds the high half still */

	return low | (uint64_t)rtc_read(RTC_TIME_HIGH) << 32;
}

static inline void
rtc_alarm(uint64_t in_ns)
{
	uint64_t when = rtc_now() + in_ns;

	rtc_write(RTC_IRQ_ENABLED, 1);
	rtc_write(RTC_ALARM_HIGH, (uint32_t)(when >> 32));
	rtc_write(RTC_ALARM_LOW, (uint32_t)when);
}

/* Carves and maps the clock. */
static inline bool
rtc_open(void)
{
	uint64_t address = 0;
	int64_t window = carve_from(window_root(RTC_PAGE), RTC_PAGE, 1, EXO_READ | EXO_WRITE);

	if (window < 0 || exo_vm_map(exo_own_vm(), (exo_handle)window, 0, 1, EXO_READ | EXO_WRITE,
				     &address) != 0) {
		return false;
	}
	rtc = (volatile uint32_t *)address;
	return true;
}

#endif
