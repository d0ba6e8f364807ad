/* SPDX-License-Identifier: MIT
 * sifive_uart.h: the UART of the FU540 for tests. A byte put into a full transmitter, or an access
 * that is not 32 bits wide, aborts the test.
 */
#ifndef TEST_FAKE_SIFIVE_UART_H
#define TEST_FAKE_SIFIVE_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/dev/drivers.h"

#define FAKE_SIFIVE_FIFO 8

struct fake_sifive_uart {
	uint32_t txctrl;
	uint32_t rxctrl;
	uint32_t ie;
	uint32_t div;
	uint8_t receiver[FAKE_SIFIVE_FIFO];
	size_t received;
	uint8_t transmitter[FAKE_SIFIVE_FIFO];
	size_t waiting;
	uint8_t wire[4096];
	size_t wire_bytes;
};

void fake_sifive_uart_plug(struct fake_sifive_uart *u, struct device_resources *r);
bool fake_sifive_uart_arrive(struct fake_sifive_uart *u, uint8_t byte);
void fake_sifive_uart_send(struct fake_sifive_uart *u, size_t bytes);
bool fake_sifive_uart_interrupt(const struct fake_sifive_uart *u);

#endif
