/* SPDX-License-Identifier: MIT
 * uart_ns16550.h: National Semiconductor 16550A and its relatives, the DesignWare APB UART among
 * them.
 */
#ifndef KERN_DEV_UART_NS16550_H
#define KERN_DEV_UART_NS16550_H

#include "kern/dev/drivers.h"

extern const struct driver uart_ns16550_driver;

#endif
