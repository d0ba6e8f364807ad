/* SPDX-License-Identifier: MIT
 * uart_sifive_test.c: the UART of the FU540.
 *
 * links: kern/dev/uart_sifive.c arch/host/mmio.c arch/host/ram.c test/fake/sifive_uart.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "kern/dev/uart_sifive.h"
#include "test/fake/sifive_uart.h"

static struct fake_sifive_uart chip;
static struct device_resources resources;
static struct uart *uart;
static _Alignas(16) uint8_t state[DRIVER_STATE_BYTES];

static bool
try_put(char byte)
{
	return uart->ops->put(uart, &byte, 1) == 1;
}

static int
plug(void **unused)
{
	struct device found = {0};

	(void)unused;
	fake_sifive_uart_plug(&chip, &resources);
	int error = uart_sifive_driver.probe(&resources, state, &found);

	uart = found.uart;
	return error;
}

static void
the_firmware_settings_survive(void **unused)
{
	(void)unused;
	assert_int_equal(chip.txctrl, 3 | 1u << 16); /* enabled, two stop bits as before */
	assert_int_equal(chip.rxctrl, 1);
	assert_int_equal(chip.ie, 0);
}

static void
bytes_leave(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		while (!try_put((char)i)) {
			fake_sifive_uart_send(&chip, 3);
		}
	}
	fake_sifive_uart_send(&chip, 8);
	assert_int_equal(chip.wire_bytes, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(chip.wire[i], (uint8_t)i);
	}
	for (unsigned i = 0; i < 8; i++) {
		assert_true(try_put('a'));
	}
	assert_false(try_put('a'));
	fake_sifive_uart_send(&chip, 5);
	assert_int_equal(uart->ops->put(uart, "sixteen", 7), 5);
}

static void
bytes_arrive(void **unused)
{
	(void)unused;
	assert_int_equal(uart->ops->get(uart), E_NOENT);
	for (unsigned i = 0; i < 300; i++) {
		assert_true(fake_sifive_uart_arrive(&chip, (uint8_t)i));
		assert_int_equal(uart->ops->get(uart), (uint8_t)i);
	}
	assert_int_equal(uart->ops->get(uart), E_NOENT);
}

static void
interrupts_are_switched_apart(void **unused)
{
	(void)unused;
	assert_false(fake_sifive_uart_interrupt(&chip));
	uart->ops->receive_interrupt(uart, true);
	assert_false(fake_sifive_uart_interrupt(&chip));
	fake_sifive_uart_arrive(&chip, 'a');
	assert_true(fake_sifive_uart_interrupt(&chip));
	uart->ops->get(uart);
	assert_false(fake_sifive_uart_interrupt(&chip));
	uart->ops->transmit_interrupt(uart, true);
	assert_true(fake_sifive_uart_interrupt(&chip));
	assert_true(try_put('x'));
	assert_false(fake_sifive_uart_interrupt(&chip));
	fake_sifive_uart_send(&chip, 1);
	assert_true(fake_sifive_uart_interrupt(&chip));
	uart->ops->transmit_interrupt(uart, false);
	assert_int_equal(chip.ie, 2);
	uart->ops->receive_interrupt(uart, false);
	assert_int_equal(chip.ie, 0);
}

static void
impossible_registers_are_refused(void **unused)
{
	(void)unused;
	struct device found = {0};

	resources.bytes = 0x1b;
	assert_int_equal(uart_sifive_driver.probe(&resources, state, &found), E_INVAL);
	assert_non_null(found.why);
	resources.bytes = 0x1000;
	resources.base += 2;
	assert_int_equal(uart_sifive_driver.probe(&resources, state, &found), E_INVAL);
	assert_null(found.uart);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_firmware_settings_survive, plug),
		cmocka_unit_test_setup(bytes_leave, plug),
		cmocka_unit_test_setup(bytes_arrive, plug),
		cmocka_unit_test_setup(interrupts_are_switched_apart, plug),
		cmocka_unit_test_setup(impossible_registers_are_refused, plug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
