/* SPDX-License-Identifier: MIT
 * checksum.c: the sum that a network stack spends most of its time with.
 *
 * RFC 1071: the sum may be formed of wider words, in any byte order, and folded in the end; from an
 * odd address on, the bytes of the result are swapped. Memory is read in aligned words, for boards
 * trap on others; in words of 4 bytes, for a register holds the carries of 2^32 of them, and what
 * follows an Ethernet header is aligned so. Pure.
 */
#include "lib/base/checksum.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/words.h"

#define HALF_BYTES sizeof(half)
#define TURN       8 /* halves, a power of two */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the low one");

/* `count`, a constant of at most TURN, halves. */
static inline __attribute__((always_inline)) uint64_t
add_halves(uint64_t sum, const uint8_t *at, size_t count)
{
	const half *from = (const half *)at;

#pragma GCC unroll 8
	for (size_t i = 0; i < count; i++) {
		sum += from[i];
	}
	return sum;
}

/* Adds the bytes before the first aligned half, as many as there are; *at moves on. */
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

/* Adds the last bytes, less than a turn: if they do not begin at an aligned half, there are too few
 * of them for one. */
static uint64_t
add_tail(uint64_t sum, const uint8_t *at, size_t bytes)
{
	if (bytes & 16) {
		sum = add_halves(sum, at, 4);
		at += 16;
	}
	if (bytes & 8) {
		sum = add_halves(sum, at, 2);
		at += 8;
	}
	if (bytes & 4) {
		sum = add_halves(sum, at, 1);
		at += 4;
	}
	if (bytes & 2) {
		sum += *(const quarter *)at;
		at += 2;
	}
	return bytes & 1 ? sum + *at : sum;
}

uint16_t
checksum_of(const void *data, int bytes)
{
	const uint8_t *at = data;
	size_t left = bytes > 0 ? (size_t)bytes : 0;
	uint64_t sum = (uintptr_t)at % HALF_BYTES ? add_head(&at, &left) : 0;

	for (; left >= TURN * HALF_BYTES; left -= TURN * HALF_BYTES, at += TURN * HALF_BYTES) {
		sum = add_halves(sum, at, TURN);
	}
	uint16_t folded = checksum_fold(add_tail(sum, at, left));
	return (uintptr_t)data & 1 ? __builtin_bswap16(folded) : folded;
}
