/* SPDX-License-Identifier: MIT
 * uart_sifive.h: the UART of SiFive's FU540 and FU740.
 */
#ifndef KERN_DEV_UART_SIFIVE_H
#define KERN_DEV_UART_SIFIVE_H

#include "kern/dev/drivers.h"

extern const struct driver uart_sifive_driver;

#endif
