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

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the low one");

typedef uint64_t __attribute__((may_alias)) word;

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

/* Adds up to 8 bytes that begin at an address that is `shift` bytes above an even one. */
static uint64_t
add_bytes(uint64_t sum, const uint8_t *data, size_t bytes, size_t shift)
{
	for (size_t i = 0; i < bytes; i++) {
		sum = add(sum, (uint64_t)data[i] << ((i + shift) % 2 * 8));
	}
	return sum;
}

uint16_t
checksum_of(const void *data, int bytes)
{
	const uint8_t *at = data;
	size_t left = bytes > 0 ? (size_t)bytes : 0;
	size_t head = -(uintptr_t)data & 7;
	bool is_odd = (uintptr_t)data & 1;

	head = head < left ? head : left;
	uint64_t sum = add_bytes(0, at, head, is_odd);
	at += head;
	left -= head;
	sum = add_words(sum, (const word *)at, left / 8);
	sum = add_bytes(sum, at + left / 8 * 8, left % 8, 0);
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return is_odd ? __builtin_bswap16((uint16_t)sum) : (uint16_t)sum;
}
