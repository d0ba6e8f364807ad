/* SPDX-License-Identifier: MIT
 * goldfish.h: the Goldfish real-time clock: nanoseconds since 1970, and one alarm.
 *
 * Its interrupt stays up from the alarm until it is cleared. Reading the low half of the time holds
 * the high half still; the alarm is set when its low half is written.
 */
#ifndef USER_RTC_GOLDFISH_H
#define USER_RTC_GOLDFISH_H

#include <stdint.h>

enum goldfish_register {
	GOLDFISH_TIME_LOW = 0x00,
	GOLDFISH_TIME_HIGH = 0x04,
	GOLDFISH_ALARM_LOW = 0x08,
	GOLDFISH_ALARM_HIGH = 0x0c,
	GOLDFISH_IRQ_ENABLED = 0x10,
	GOLDFISH_CLEAR_ALARM = 0x14,
	GOLDFISH_CLEAR_INTERRUPT = 0x1c,
};

static inline void
goldfish_write(volatile uint32_t *registers, enum goldfish_register at, uint32_t value)
{
	registers[at / 4] = value;
}

static inline uint64_t
goldfish_time(volatile uint32_t *registers)
{
	uint64_t low = registers[GOLDFISH_TIME_LOW / 4];

	return (uint64_t)registers[GOLDFISH_TIME_HIGH / 4] << 32 | low;
}

static inline void
goldfish_alarm(volatile uint32_t *registers, uint64_t when_ns)
{
	goldfish_write(registers, GOLDFISH_ALARM_HIGH, (uint32_t)(when_ns >> 32));
	goldfish_write(registers, GOLDFISH_ALARM_LOW, (uint32_t)when_ns);
}

#endif
