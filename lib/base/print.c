/* SPDX-License-Identifier: MIT
 * print.c: a small printf; see print.h for what it understands.
 */
#include "lib/base/print.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/string.h"

#define DIGITS_MAX 20 /* of 2^64 in decimal */

struct sink {
	void (*put)(void *context, char c);
	void *context;
	int count;
};

struct conversion {
	size_t width;
	size_t precision; /* SIZE_MAX if not given */
	bool pads_with_zero;
	bool is_left;
	bool is_long;
};

static void
sink_put(struct sink *sink, char c)
{
	sink->put(sink->context, c);
	if (sink->count < INT_MAX) {
		sink->count++;
	}
}

static void
sink_repeat(struct sink *sink, char c, size_t count)
{
	while (count--) {
		sink_put(sink, c);
	}
}

/* Prints sign and digits (or a string with sign "") at the wanted width; zeros go between them. */
static void
put_padded(struct sink *sink, const struct conversion *conversion, const char *sign,
	   const char *body, size_t body_bytes)
{
	size_t used = strlen(sign) + body_bytes;
	size_t padding = conversion->width > used ? conversion->width - used : 0;
	bool zeros = conversion->pads_with_zero && !conversion->is_left;

	if (!zeros && !conversion->is_left) {
		sink_repeat(sink, ' ', padding);
	}
	while (*sign) {
		sink_put(sink, *sign++);
	}
	if (zeros) {
		sink_repeat(sink, '0', padding);
	}
	while (body_bytes--) {
		sink_put(sink, *body++);
	}
	if (conversion->is_left) {
		sink_repeat(sink, ' ', padding);
	}
}

static void
put_number(struct sink *sink, const struct conversion *conversion, const char *sign, uint64_t value,
	   unsigned base)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_padded(sink, conversion, sign, digits + at, sizeof(digits) - at);
}

static void
put_string(struct sink *sink, struct conversion *conversion, const char *string)
{
	if (!string) {
		string = "(null)";
	}
	conversion->pads_with_zero = false;
	put_padded(sink, conversion, "", string, strnlen(string, conversion->precision));
}

/* Reads a decimal number, as large as fits. */
static size_t
read_number(const char **text)
{
	size_t number = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		if (number < SIZE_MAX / 10 - 1) {
			number = number * 10 + (size_t)(**text - '0');
		}
	}
	return number;
}

/* What a conversion takes from the argument list goes through one struct, because a va_list that
 * was passed on by value must not be used again by the caller (C11 7.16). */
struct arguments {
	va_list list;
};

static struct conversion
read_conversion(const char **text, struct arguments *arguments)
{
	struct conversion conversion = {.precision = SIZE_MAX};

	for (;; (*text)++) {
		if (**text == '0') {
			conversion.pads_with_zero = true;
		} else if (**text == '-') {
			conversion.is_left = true;
		} else {
			break;
		}
	}
	conversion.width = read_number(text);
	if (**text == '.') {
		(*text)++;
		if (**text == '*') {
			int limit = va_arg(arguments->list, int);

			(*text)++;
			conversion.precision = limit < 0 ? SIZE_MAX : (size_t)limit;
		} else {
			conversion.precision = read_number(text);
		}
	}
	for (; **text == 'l'; (*text)++) {
		conversion.is_long = true;
	}
	return conversion;
}

static void
put_signed(struct sink *sink, const struct conversion *conversion, int64_t value)
{
	if (value < 0) {
		put_number(sink, conversion, "-", -(uint64_t)value, 10);
	} else {
		put_number(sink, conversion, "", (uint64_t)value, 10);
	}
}

/* Prints one conversion; false if its letter is unknown. */
static bool
put_conversion(struct sink *sink, struct conversion *conversion, char letter,
	       struct arguments *arguments)
{
	char c;

	switch (letter) {
	case '%':
		sink_put(sink, '%');
		return true;
	case 'c':
		c = (char)va_arg(arguments->list, int);
		put_padded(sink, conversion, "", &c, 1);
		return true;
	case 's':
		put_string(sink, conversion, va_arg(arguments->list, const char *));
		return true;
	case 'd':
		put_signed(sink, conversion,
			   conversion->is_long ? va_arg(arguments->list, long)
					       : va_arg(arguments->list, int));
		return true;
	case 'u':
	case 'x':
		put_number(sink, conversion, "",
			   conversion->is_long ? va_arg(arguments->list, unsigned long)
					       : va_arg(arguments->list, unsigned),
			   letter == 'u' ? 10 : 16);
		return true;
	case 'p':
		put_number(sink, conversion, "0x", (uintptr_t)va_arg(arguments->list, void *), 16);
		return true;
	}
	return false;
}

int
format(void (*put)(void *context, char c), void *context, const char *text, va_list arguments)
{
	struct sink sink = {.put = put, .context = context};
	struct arguments taken;

	va_copy(taken.list, arguments);
	while (*text) {
		const char *start = text;
		struct conversion conversion;

		if (*text++ != '%') {
			sink_put(&sink, *start);
			continue;
		}
		conversion = read_conversion(&text, &taken);
		if (*text && put_conversion(&sink, &conversion, *text, &taken)) {
			text++;
			continue;
		}
		while (start < text) {
			sink_put(&sink, *start++);
		}
	}
	va_end(taken.list);
	return sink.count;
}

struct buffer {
	char *at;
	size_t left; /* without the place of the final 0 */
};

static void
buffer_put(void *context, char c)
{
	struct buffer *buffer = context;

	if (buffer->left) {
		*buffer->at++ = c;
		buffer->left--;
	}
}

int
vsnformat(char *to, size_t bytes, const char *text, va_list arguments)
{
	struct buffer buffer = {.at = to, .left = bytes ? bytes - 1 : 0};
	int length = format(buffer_put, &buffer, text, arguments);

	if (bytes) {
		*buffer.at = '\0';
	}
	return length;
}

int
snformat(char *to, size_t bytes, const char *text, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, text);
	length = vsnformat(to, bytes, text, arguments);
	va_end(arguments);
	return length;
}
