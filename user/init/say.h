/* SPDX-License-Identifier: MIT
 * say.h: what init tells the person at the console, and how it gives up.
 */
#ifndef USER_INIT_SAY_H
#define USER_INIT_SAY_H

#include <stddef.h>

/* Prints "init: ...", one line; say_news stays silent under the boot argument chitin.quiet. */
void say(const char *text, ...) __attribute__((format(printf, 1, 2)));
void say_news(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Prints the sentence, which names the thing and the remedy, and powers off with failure. */
_Noreturn void give_up(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Powers off; `how` is enum exo_power_how. */
_Noreturn void power_off(unsigned how);

/* True if `word` is one of the boot arguments. */
int boot_argument(const char *word);

/* The rest of the boot argument that begins with `word`, up to a blank, or between double quotes.
 * False if there is none. */
int boot_value(const char *word, char *value, size_t bytes);

#endif
