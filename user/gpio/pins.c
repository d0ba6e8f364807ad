/* SPDX-License-Identifier: MIT
 * pins.c: see pins.h.
 */
#include "user/gpio/pins.h"

/* In the order of enum pins_trigger; the pending register stands behind each. */
static const enum pins_register enables[] = {PINS_RISE_IE, PINS_FALL_IE, PINS_HIGH_IE, PINS_LOW_IE};

#define TRIGGERS     (sizeof(enables) / sizeof(enables[0]))
#define PENDING_STEP (PINS_RISE_IP - PINS_RISE_IE)

static volatile uint32_t *
register_of(volatile uint32_t *registers, uint32_t offset)
{
	return registers + offset / sizeof(*registers);
}

static void
pin_set(volatile uint32_t *at, uint32_t pin, bool on)
{
	uint32_t others = *at & ~(1u << pin);

	*at = others | (uint32_t)on << pin;
}

void
pins_reset(volatile uint32_t *registers)
{
	for (uint32_t i = 0; i < TRIGGERS; i++) {
		*register_of(registers, enables[i]) = 0;
		*register_of(registers, enables[i] + PENDING_STEP) = UINT32_MAX;
	}
	*register_of(registers, PINS_OUTPUT_EN) = 0;
	*register_of(registers, PINS_INPUT_EN) = 0;
}

void
pins_input(volatile uint32_t *registers, uint32_t pin)
{
	pin_set(register_of(registers, PINS_INPUT_EN), pin, true);
}

/* The level first, so that it is driven from the beginning. */
void
pins_output(volatile uint32_t *registers, uint32_t pin, bool level)
{
	pin_set(register_of(registers, PINS_OUTPUT_VAL), pin, level);
	pin_set(register_of(registers, PINS_OUTPUT_EN), pin, true);
}

bool
pins_level(volatile uint32_t *registers, uint32_t pin)
{
	return *register_of(registers, PINS_INPUT_VAL) >> pin & 1;
}

/* What was pending before is none of its business. */
void
pins_trigger(volatile uint32_t *registers, uint32_t pin, uint32_t triggers)
{
	for (uint32_t i = 0; i < TRIGGERS; i++) {
		pin_set(register_of(registers, enables[i]), pin, false);
		*register_of(registers, enables[i] + PENDING_STEP) = 1u << pin;
		pin_set(register_of(registers, enables[i]), pin, triggers >> i & 1);
	}
}

uint32_t
pins_take(volatile uint32_t *registers, uint32_t pin)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < TRIGGERS; i++) {
		volatile uint32_t *pending = register_of(registers, enables[i] + PENDING_STEP);

		if (*register_of(registers, enables[i]) & *pending & 1u << pin) {
			*pending = 1u << pin;
			taken |= 1u << i;
		}
	}
	return taken;
}
