/* SPDX-License-Identifier: MIT
 * checksum.c: the sum that a network stack spends most of its time with.
 *
 * RFC 1071: the sum may be formed of wider words with their carries added, in any byte order, and
 * folded in the end; from an odd address on, the bytes of the result are swapped. Memory is read
 * in aligned words, for boards trap on others. Pure.
 */
#include "lib/base/checksum.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/words.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the low one");

static uint64_t
add(uint64_t sum, uint64_t value)
{
	sum += value;
	return sum + (sum < value);
}

static uint64_t
add_words(uint64_t sum, const word *at, size_t words)
{
	for (; words >= 4; words -= 4, at += 4) {
		sum = add(add(add(add(sum, at[0]), at[1]), at[2]), at[3]);
	}
	for (; words > 0; words--) {
		sum = add(sum, *at++);
	}
	return sum;
}

/* Adds what stands before the first aligned word, if there is as much; *at moves on. */
static uint64_t
add_head(const uint8_t **at, size_t *left)
{
	const uint8_t *start = *at;
	uint64_t sum = 0;

	if ((uintptr_t)*at & 1 && *left >= 1) {
		sum += (uint64_t) * *at << 8;
		*at += 1;
	}
	if ((uintptr_t)*at & 2 && *left - (size_t)(*at - start) >= 2) {
		sum += *(const quarter *)*at;
		*at += 2;
	}
	if ((uintptr_t)*at & 4 && *left - (size_t)(*at - start) >= 4) {
		sum += *(const half *)*at;
		*at += 4;
	}
	*left -= (size_t)(*at - start);
	return sum;
}

/* Adds the last bytes, fewer than 8: they begin at a multiple of the largest power of two among
 * them, or add_head would not have left them. */
static uint64_t
add_tail(uint64_t sum, const uint8_t *at, size_t bytes)
{
	if (bytes & 4) {
		sum = add(sum, *(const half *)at);
		at += 4;
	}
	if (bytes & 2) {
		sum = add(sum, *(const quarter *)at);
		at += 2;
	}
	return bytes & 1 ? add(sum, *at) : sum;
}

uint16_t
checksum_of(const void *data, int bytes)
{
	const uint8_t *at = data;
	size_t left = bytes > 0 ? (size_t)bytes : 0;
	bool is_odd = (uintptr_t)data & 1;
	uint64_t sum = add_head(&at, &left);

	sum = add_words(sum, (const word *)at, left / 8);
	sum = add_tail(sum, at + left / 8 * 8, left % 8);
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return is_odd ? __builtin_bswap16((uint16_t)sum) : (uint16_t)sum;
}
