/* SPDX-License-Identifier: MIT
 * console.h: the one console, for the kernel's own messages and for whoever holds a CONSOLE
 * capability.
 */
#ifndef KERN_CONSOLE_H
#define KERN_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include "kern/env.h"

struct uart;

/* Use this device; NULL: the firmware's console. Until then the firmware's. */
void console_attach(struct uart *u);
/* Print for the kernel itself: waits for the device, so only before start-up, at power-off and in
 * panic. */
void kprint(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Wait (at most some 100 ms) until buffered output has left. */
void console_flush(void);
/* From now on ignore locks: panic. */
void console_panic(void);

/* Users: bytes taken / given, without waiting. `writer` only tells one from another. */
size_t console_write(const void *writer, const char *text, size_t bytes);
size_t console_read(char *text, size_t bytes);
/* Input raises this event of e. One environment at a time: 0 or E_BUSY. Tree lock. */
int console_bind(struct env *e, uint32_t bit);
void console_unbind(struct env *e);
/* The device's interrupt, or a look at a console without one: takes in and puts out at most `bytes`
 * each. True if it would put out more; then the device does not interrupt for that; and with
 * `bytes` 0, for who claims an interrupt and takes nothing in may not be told again. Tree lock. */
#define CONSOLE_TURN_BYTES 16u /* in and out: some 600 instructions */
bool console_interrupt(uint32_t bytes);
/* True if somebody waits for input of a console without interrupts: look every CONSOLE_POLL_MS. */
#define CONSOLE_POLL_MS 20
bool console_needs_polling(void);

#endif
