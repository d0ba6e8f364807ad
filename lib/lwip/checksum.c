/* SPDX-License-Identifier: MIT
 * checksum.c: the sum that lwIP spends most of its time with.
 *
 * RFC 1071: the sum may be formed of wider words with their carries added, in any byte order, and
 * folded in the end; from an odd address on, the bytes of the result are swapped. Memory is read
 * in aligned words, for boards trap on others. Pure.
 */
#include "lib/lwip/checksum.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the low one");

static uint64_t
add(uint64_t sum, uint64_t value)
{
	sum += value;
	return sum + (sum < value);
}

/* Adds whole aligned words; moves *data on and returns the sum. */
static uint64_t
add_words(uint64_t sum, const uint8_t **data, size_t words)
{
	const uint8_t *at = __builtin_assume_aligned(*data, 8);

	*data += 8 * words;
	for (; words >= 4; words -= 4, at += 32) {
		uint64_t w[4];
		memcpy(w, at, sizeof(w));
		sum = add(add(add(add(sum, w[0]), w[1]), w[2]), w[3]);
	}
	for (; words > 0; words--, at += 8) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		sum = add(sum, word);
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
	sum = add_words(sum, &at, left / 8);
	sum = add_bytes(sum, at, left % 8, 0);
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return is_odd ? __builtin_bswap16((uint16_t)sum) : (uint16_t)sum;
}
