/* SPDX-License-Identifier: MIT
 * checksum.c: see checksum.h. From an odd address on, the bytes of the result are swapped.
 */
#include "lib/base/checksum.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the low one");

/* Adds the bytes before the first aligned half, as many as there are; *at moves on. If there are
 * fewer, what is left is less than a half. */
static uint64_t
add_head(const uint8_t **at, size_t *left)
{
	uint64_t sum = 0;

	if ((uintptr_t)*at & 1 && *left >= 1) {
		sum += (uint64_t) * *at << 8;
		*at += 1;
		*left -= 1;
	}
	if ((uintptr_t)*at & 2 && *left >= 2) {
		sum += *(const quarter *)*at;
		*at += 2;
		*left -= 2;
	}
	return sum;
}

uint16_t
checksum_of(const void *data, int bytes)
{
	const uint8_t *at = data;
	size_t left = bytes > 0 ? (size_t)bytes : 0;
	uint64_t sum = (uintptr_t)at % sizeof(half) ? add_head(&at, &left) : 0;
	uint16_t folded = checksum_fold(checksum_add(sum, at, left));

	return (uintptr_t)data & 1 ? __builtin_bswap16(folded) : folded;
}
