/* SPDX-License-Identifier: MIT
 * sum.c: the Internet checksum by words.
 *
 * RFC 1071, 2: the sum may be taken in any byte order and in wider words, folded at the end, and
 * one that began at an odd byte is the right one with its bytes swapped. 32-bit words in a 64-bit
 * sum need no carry for any length there is. Misaligned words are never read. Pure.
 */
#include "lib/lwip/sum.h"

#include <stddef.h>

typedef uint16_t __attribute__((may_alias)) half;
typedef uint32_t __attribute__((may_alias)) word;

#define TURN 8 /* words summed in one turn of the loop */

static uint64_t
sum_words(const word *at, size_t words)
{
	uint64_t sum = 0;

	for (; words >= TURN; words -= TURN, at += TURN) {
#pragma GCC unroll 8
		for (int i = 0; i < TURN; i++) {
			sum += at[i];
		}
	}
	while (words--) {
		sum += *at++;
	}
	return sum;
}

static uint16_t
fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint16_t
lwip_port_sum(const void *data, int bytes)
{
	const unsigned char *at = data;
	size_t left = (size_t)bytes;
	int is_odd = (uintptr_t)at & 1 && left;
	uint64_t sum = 0;

	if (is_odd) {
		sum += (uint64_t)*at++ << 8;
		left--;
	}
	if ((uintptr_t)at & 2 && left >= 2) {
		sum += *(const half *)at;
		at += 2;
		left -= 2;
	}
	sum += sum_words((const word *)at, left / 4);
	at += left / 4 * 4;
	if (left & 2) {
		sum += *(const half *)at;
		at += 2;
	}
	if (left & 1) {
		sum += *at;
	}
	uint16_t folded = fold(sum);

	return is_odd ? (uint16_t)(folded << 8 | folded >> 8) : folded;
}
