/* SPDX-License-Identifier: MIT
 * uart_ns16550_test.c: the 16550A with every register layout, with and without FIFOs.
 *
 * links: kern/dev/uart_ns16550.c arch/host/mmio.c arch/host/ram.c test/fake/ns16550.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "kern/dev/uart_ns16550.h"
#include "lib/base/checked.h"
#include "test/fake/ns16550.h"

static struct fake_ns16550 chip;
static struct device_resources resources;
static struct uart *uart;
static _Alignas(16) uint8_t state[DRIVER_STATE_BYTES];

static bool
try_put(char byte)
{
	return uart->ops->put(uart, &byte, 1) == 1;
}

static int
probe(void)
{
	struct device found = {0};

	memset(state, 0, sizeof(state));
	int error = uart_ns16550_driver.probe(&resources, state, &found);

	uart = found.uart;
	assert_true((error == 0) == (uart != NULL));
	assert_true((error == 0) == (found.why == NULL));
	return error;
}

static int
plug(void **unused)
{
	(void)unused;
	fake_ns16550_plug(&chip, 2, 4, &resources);
	return 0;
}

static void
every_layout_works(void **unused)
{
	(void)unused;
	const uint32_t layouts[][2] = {{0, 1}, {1, 1}, {1, 2}, {2, 1},
				       {2, 2}, {2, 4}, {3, 4}, {4, 4}};

	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++) {
		fake_ns16550_plug(&chip, layouts[i][0], layouts[i][1], &resources);
		assert_int_equal(probe(), 0);
		assert_true(chip.fifos_on);
		assert_int_equal(chip.ier, 0);
		assert_int_equal(uart->ops->get(uart), E_NOENT);
		assert_true(fake_ns16550_arrive(&chip, 0xfe));
		assert_int_equal(uart->ops->get(uart), 0xfe);
		assert_int_equal(uart->ops->get(uart), E_NOENT);
		assert_true(try_put('x'));
		fake_ns16550_send(&chip, 1);
		assert_int_equal(chip.wire_bytes, 1);
		assert_int_equal(chip.wire[0], 'x');
	}
}

static void
impossible_layouts_are_refused(void **unused)
{
	(void)unused;
	const uint32_t layouts[][2] = {{0, 2}, {0, 4}, {1, 4},  {2, 3},         {2, 0},
				       {2, 8}, {5, 4}, {32, 1}, {UINT32_MAX, 1}};

	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++) {
		resources.reg_shift = layouts[i][0];
		resources.io_width = layouts[i][1];
		resources.bytes = 1ul << 40;
		assert_int_equal(probe(), E_INVAL);
	}
	plug(NULL);
	resources.bytes--;
	assert_int_equal(probe(), E_INVAL);
	plug(NULL);
	resources.base += 2;
	assert_int_equal(probe(), E_INVAL);
}

static void
all_bytes_leave_in_order(void **unused)
{
	(void)unused;
	assert_int_equal(probe(), 0);
	for (unsigned i = 0; i < 1000; i++) {
		while (!try_put((char)i)) {
			fake_ns16550_send(&chip, 5);
		}
	}
	fake_ns16550_send(&chip, 16);
	assert_int_equal(chip.wire_bytes, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(chip.wire[i], (uint8_t)i);
	}
}

static void
the_transmitter_fills_up(void **unused)
{
	(void)unused;
	assert_int_equal(probe(), 0);
	for (unsigned i = 0; i < 16; i++) {
		assert_true(try_put('a'));
	}
	assert_false(try_put('b'));
	fake_ns16550_send(&chip, 15);
	assert_false(try_put('b')); /* not known to have room until it is empty */
	fake_ns16550_send(&chip, 1);
	assert_true(try_put('b'));
	assert_int_equal(uart->ops->put(uart, "twenty bytes at once", 20), 15);
	fake_ns16550_send(&chip, 16);
	assert_int_equal(uart->ops->put(uart, "once", 4), 4);
	assert_memory_equal(chip.wire + 16, "btwenty bytes at", 16);
}

static void
a_chip_without_fifos_takes_one_byte(void **unused)
{
	(void)unused;
	chip.has_fifos = false;
	assert_int_equal(probe(), 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(try_put('a'));
		assert_false(try_put('b'));
		fake_ns16550_send(&chip, 1);
	}
	assert_int_equal(chip.wire_bytes, 10);
}

static void
a_burst_is_received(void **unused)
{
	(void)unused;
	assert_int_equal(probe(), 0);
	for (unsigned i = 0; i < 16; i++) {
		assert_true(fake_ns16550_arrive(&chip, (uint8_t)(0xf8 + i)));
	}
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(uart->ops->get(uart), (uint8_t)(0xf8 + i));
	}
	assert_int_equal(uart->ops->get(uart), E_NOENT);
}

static void
what_the_firmware_left_is_kept(void **unused)
{
	(void)unused;
	fake_ns16550_arrive(&chip, 'r'); /* FIFOs off: one byte each way */
	chip.transmitter = (struct fake_fifo){"t", 1};
	chip.polls_per_byte = 9;
	assert_int_equal(probe(), 0);
	assert_int_equal(chip.wire_bytes, 1);
	assert_int_equal(chip.wire[0], 't');
	fake_ns16550_arrive(&chip, 's');
	assert_int_equal(uart->ops->get(uart), 'r');
	assert_int_equal(uart->ops->get(uart), 's');
	assert_int_equal(uart->ops->get(uart), E_NOENT);

	plug(NULL);
	chip.fifos_on = true;
	for (unsigned i = 0; i < 5; i++) {
		fake_ns16550_arrive(&chip, (uint8_t)('a' + i));
		chip.transmitter.bytes[chip.transmitter.count++] = (uint8_t)('A' + i);
	}
	assert_int_equal(probe(), 0);
	fake_ns16550_send(&chip, 16);
	assert_memory_equal(chip.wire, "ABCDE", 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(uart->ops->get(uart), 'a' + i);
	}
}

static void
a_stuck_transmitter_does_not_hang(void **unused)
{
	(void)unused;
	chip.transmitter = (struct fake_fifo){"t", 1};
	assert_int_equal(probe(), 0);
}

static void
interrupts_are_switched_apart(void **unused)
{
	(void)unused;
	assert_int_equal(probe(), 0);
	assert_false(fake_ns16550_interrupt(&chip));
	uart->ops->receive_interrupt(uart, true);
	assert_false(fake_ns16550_interrupt(&chip));
	fake_ns16550_arrive(&chip, 'a');
	assert_true(fake_ns16550_interrupt(&chip));
	uart->ops->get(uart);
	assert_false(fake_ns16550_interrupt(&chip));
	uart->ops->transmit_interrupt(uart, true);
	assert_true(fake_ns16550_interrupt(&chip));
	assert_true(try_put('x'));
	assert_false(fake_ns16550_interrupt(&chip));
	fake_ns16550_send(&chip, 1);
	assert_true(fake_ns16550_interrupt(&chip));
	uart->ops->transmit_interrupt(uart, false);
	assert_int_equal(chip.ier, 1);
	uart->ops->receive_interrupt(uart, false);
	assert_int_equal(chip.ier, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_layout_works, plug),
		cmocka_unit_test_setup(impossible_layouts_are_refused, plug),
		cmocka_unit_test_setup(all_bytes_leave_in_order, plug),
		cmocka_unit_test_setup(the_transmitter_fills_up, plug),
		cmocka_unit_test_setup(a_chip_without_fifos_takes_one_byte, plug),
		cmocka_unit_test_setup(a_burst_is_received, plug),
		cmocka_unit_test_setup(what_the_firmware_left_is_kept, plug),
		cmocka_unit_test_setup(a_stuck_transmitter_does_not_hang, plug),
		cmocka_unit_test_setup(interrupts_are_switched_apart, plug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
