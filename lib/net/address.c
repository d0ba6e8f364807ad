/* SPDX-License-Identifier: MIT
 * address.c: see address.h.
 */
#include "lib/net/address.h"

#include <exo/errors.h>

#include "lib/net/wire.h"

/* A decimal number below 256 without leading zeros, which some would take for octal. Returns
 * where it ends, or 0. */
static const char *
parse_byte(const char *text, uint32_t *value)
{
	const char *start = text;

	for (*value = 0; *text >= '0' && *text <= '9' && *value < 256; text++) {
		*value = *value * 10 + (uint32_t)(*text - '0');
	}
	return text == start || *value > 255 || (*start == '0' && text - start > 1) ? NULL : text;
}

int
address_parse(const char *text, uint32_t *address)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t byte;

		text = parse_byte(text, &byte);
		if (!text || *text++ != (i < 3 ? '.' : '\0')) {
			return E_FORMAT;
		}
		value = value << 8 | byte;
	}
	*address = value;
	return 0;
}

static char *
print_byte(char *text, uint32_t value)
{
	if (value >= 100) {
		*text++ = (char)('0' + value / 100);
	}
	if (value >= 10) {
		*text++ = (char)('0' + value / 10 % 10);
	}
	*text++ = (char)('0' + value % 10);
	return text;
}

const char *
address_print(uint32_t address, char *text)
{
	char *at = text;

	for (int shift = 24; shift >= 0; shift -= 8) {
		at = print_byte(at, address >> shift & 255);
		*at++ = shift ? '.' : '\0';
	}
	return text;
}

/* The value of a hexadecimal digit, or 16. */
static uint32_t
hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return (uint32_t)(digit - '0');
	}
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? (uint32_t)(digit - 'a' + 10) : 16;
}

int
address_parse_mac(const char *text, uint8_t *mac)
{
	for (int i = 0; i < MAC_BYTES; i++, text += 3) {
		uint32_t high = hex_digit(text[0]);
		uint32_t low = high > 15 ? 16 : hex_digit(text[1]);

		if (low > 15 || text[2] != (i < MAC_BYTES - 1 ? ':' : '\0')) {
			return E_FORMAT;
		}
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
