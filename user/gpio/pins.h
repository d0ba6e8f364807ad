/* SPDX-License-Identifier: MIT
 * pins.h: the GPIO controller of SiFive's chips: pins as inputs, outputs and sources of interrupts.
 *
 * Each pin has an interrupt of its own, which stays up while one of its pending bits is set whose
 * enable bit is set too. Edges stay pending until they are cleared; levels are pending again as
 * long as they last. A pin can be input and output at once: it then reads what it drives.
 * Specification: SiFive FU540-C000 manual, chapter 17. Needs only its registers.
 */
#ifndef USER_GPIO_PINS_H
#define USER_GPIO_PINS_H

#include <stdbool.h>
#include <stdint.h>

#define PINS 16

enum pins_register {
	PINS_INPUT_VAL = 0x00,
	PINS_INPUT_EN = 0x04,
	PINS_OUTPUT_EN = 0x08,
	PINS_OUTPUT_VAL = 0x0c,
	PINS_RISE_IE = 0x18,
	PINS_RISE_IP = 0x1c,
	PINS_FALL_IE = 0x20,
	PINS_FALL_IP = 0x24,
	PINS_HIGH_IE = 0x28,
	PINS_HIGH_IP = 0x2c,
	PINS_LOW_IE = 0x30,
	PINS_LOW_IP = 0x34,
};

/* What a pin interrupts for: bits. */
enum pins_trigger {
	PINS_RISE = 0x1,
	PINS_FALL = 0x2,
	PINS_HIGH = 0x4,
	PINS_LOW = 0x8,
};

/* Nothing is input, output or interrupts; whoever had the device before left it in any state. */
void pins_reset(volatile uint32_t *registers);

void pins_input(volatile uint32_t *registers, uint32_t pin);
void pins_output(volatile uint32_t *registers, uint32_t pin, bool level);
bool pins_level(volatile uint32_t *registers, uint32_t pin);

/* From now on the pin interrupts for `triggers` only, 0: for nothing. */
void pins_trigger(volatile uint32_t *registers, uint32_t pin, uint32_t triggers);

/* Which of its triggers caused the interrupt of a pin; they are cleared. */
uint32_t pins_take(volatile uint32_t *registers, uint32_t pin);

#endif
