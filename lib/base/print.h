/* SPDX-License-Identifier: MIT
 * print.h: a small printf that gives its output to a function, one character at a time.
 *
 * Understood: %s %c %d %u %x %p %%, with l (64 bits) before d u x, a minimum width in decimal, a
 * leading 0 for zero padding and - for left alignment; .N or .* limits %s. %p prints 0x and
 * hexadecimal. A null %s prints "(null)". An unknown conversion is printed as it stands and takes
 * no argument. No floating point, no allocation, no state; any context.
 */
#ifndef LIB_BASE_PRINT_H
#define LIB_BASE_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* Returns the number of characters given to put(). */
int format(void (*put)(void *context, char c), void *context, const char *text, va_list arguments)
	__attribute__((format(printf, 3, 0)));

/* As C11 snprintf: writes at most `bytes` including the final 0 (nothing if bytes is 0), returns
 * the full length. */
int snformat(char *to, size_t bytes, const char *text, ...) __attribute__((format(printf, 3, 4)));
int vsnformat(char *to, size_t bytes, const char *text, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#endif
