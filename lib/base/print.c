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
	bool takes_precision; /* from the arguments: .* */
	char letter;
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

static void
sink_text(struct sink *sink, const char *text, size_t bytes)
{
	while (bytes--) {
		sink_put(sink, *text++);
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
	sink_text(sink, sign, strlen(sign));
	if (zeros) {
		sink_repeat(sink, '0', padding);
	}
	sink_text(sink, body, body_bytes);
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

/* Reads what stands between % and the letter, and the letter. */
static struct conversion
read_conversion(const char **text)
{
	struct conversion conversion = {.precision = SIZE_MAX};

	for (; **text == '0' || **text == '-'; (*text)++) {
		conversion.pads_with_zero |= **text == '0';
		conversion.is_left |= **text == '-';
	}
	conversion.width = read_number(text);
	if (**text == '.') {
		(*text)++;
		conversion.takes_precision = **text == '*';
		if (conversion.takes_precision) {
			(*text)++;
		} else {
			conversion.precision = read_number(text);
		}
	}
	for (; **text == 'l'; (*text)++) {
		conversion.is_long = true;
	}
	conversion.letter = **text;
	*text += conversion.letter != '\0';
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

/* One switch, because a va_list that was passed to another function may not be used again here
 * (C11 7.16). */
int
format(void (*put)(void *context, char c), void *context, const char *text, va_list arguments)
{
	struct sink sink = {.put = put, .context = context};

	while (*text) {
		const char *start = text;
		struct conversion conversion;
		char c;

		if (*text++ != '%') {
			sink_put(&sink, *start);
			continue;
		}
		conversion = read_conversion(&text);
		if (conversion.takes_precision && conversion.letter == 's') {
			int limit = va_arg(arguments, int);

			conversion.precision = limit < 0 ? SIZE_MAX : (size_t)limit;
		}
		switch (conversion.letter) {
		case '%':
			sink_put(&sink, '%');
			break;
		case 'c':
			c = (char)va_arg(arguments, int);
			put_padded(&sink, &conversion, "", &c, 1);
			break;
		case 's':
			put_string(&sink, &conversion, va_arg(arguments, const char *));
			break;
		case 'd':
			put_signed(&sink, &conversion,
				   conversion.is_long ? va_arg(arguments, long)
						      : va_arg(arguments, int));
			break;
		case 'u':
		case 'x':
			put_number(&sink, &conversion, "",
				   conversion.is_long ? va_arg(arguments, unsigned long)
						      : va_arg(arguments, unsigned),
				   conversion.letter == 'u' ? 10 : 16);
			break;
		case 'p':
			put_number(&sink, &conversion, "0x", (uintptr_t)va_arg(arguments, void *),
				   16);
			break;
		default:
			sink_text(&sink, start, (size_t)(text - start));
		}
	}
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
