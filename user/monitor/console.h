/* SPDX-License-Identifier: MIT
 * console.h: the keyboard and the screen of the monitor.
 */
#ifndef USER_MONITOR_CONSOLE_H
#define USER_MONITOR_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/* Asks to be told of input. False, with a sentence, if the console cannot be read. */
bool console_open(void);

/* True if bytes were typed that were not taken yet. */
bool console_has_input(void);

/* Waits for the next byte typed. */
char console_get(void);

/* True if `wanted` or ^C is typed within `timeout_ns`; other keys are dropped. */
bool console_wait_key(char wanted, uint64_t timeout_ns);

#endif
