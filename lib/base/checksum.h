/* SPDX-License-Identifier: MIT
 * checksum.h: the Internet checksum, RFC 1071. Pure.
 *
 * The sum may be formed of wider words, in any byte order, and folded in the end. Memory is read in
 * aligned words, for boards trap on others; in words of 4 bytes, for a register holds the carries
 * of 2^32 of them, and what follows an Ethernet header is aligned so.
 */
#ifndef LIB_BASE_CHECKSUM_H
#define LIB_BASE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/words.h"

#define CHECKSUM_TURN 8 /* halves, a power of two */

/* A sum of 16-bit or wider words as the one's complement sum of its 16-bit words: halves are added,
 * together with their carry, by adding the sum to itself turned round. */
static inline uint16_t
checksum_fold32(uint32_t sum)
{
	sum += sum << 16 | sum >> 16;
	return (uint16_t)(sum >> 16);
}

static inline uint16_t
checksum_fold(uint64_t sum)
{
	sum += sum << 32 | sum >> 32;
	return checksum_fold32((uint32_t)(sum >> 32));
}

/* Whether a sum other than 0, over what includes its checksum, is right: folded it is 0xffff, so it
 * is a multiple of that. -CHECKSUM_MOST is the inverse of 0xffff modulo 2^64: by it multiples, and
 * nothing else, become as small as quotients are. */
#define CHECKSUM_MOST (UINT64_MAX / 0xffff)

static inline bool
checksum_is_right(uint64_t sum)
{
	return sum * -CHECKSUM_MOST <= CHECKSUM_MOST;
}

/* Adds `count`, a constant of at most CHECKSUM_TURN, halves. */
static inline __attribute__((always_inline)) uint64_t
checksum_halves(uint64_t sum, const uint8_t *at, size_t count)
{
	const half *from = (const half *)at;

#pragma GCC unroll 8
	for (size_t i = 0; i < count; i++) {
		sum += from[i];
	}
	return sum;
}

/* Adds `bytes` at an aligned half; an odd last byte counts as if a 0 followed. Inline for those to
 * whom a call matters, others take checksum_of. */
static inline uint64_t
checksum_add(uint64_t sum, const uint8_t *at, size_t bytes)
{
	for (; bytes >= CHECKSUM_TURN * sizeof(half); bytes -= CHECKSUM_TURN * sizeof(half)) {
		sum = checksum_halves(sum, at, CHECKSUM_TURN);
		at += CHECKSUM_TURN * sizeof(half);
	}
	if (bytes & 16) {
		sum = checksum_halves(sum, at, 4);
		at += 16;
	}
	if (bytes & 8) {
		sum = checksum_halves(sum, at, 2);
		at += 8;
	}
	if (bytes & 4) {
		sum = checksum_halves(sum, at, 1);
		at += 4;
	}
	if (bytes & 2) {
		sum += *(const quarter *)at;
		at += 2;
	}
	return bytes & 1 ? sum + *at : sum;
}

/* The one's complement sum of the 16-bit words of data[0, bytes), not inverted, in the byte order
 * of the data, at any address. */
uint16_t checksum_of(const void *data, int bytes);

#endif
