/* SPDX-License-Identifier: MIT
 * checksum.h: the Internet checksum, RFC 1071. Pure.
 */
#ifndef LIB_BASE_CHECKSUM_H
#define LIB_BASE_CHECKSUM_H

#include <stdint.h>

/* A sum of 16-bit or wider words as the one's complement sum of its 16-bit words: halves are added,
 * together with their carry, by adding the sum to itself turned round. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	sum += sum << 32 | sum >> 32;
	uint32_t low = (uint32_t)(sum >> 32);
	low += low << 16 | low >> 16;
	return (uint16_t)(low >> 16);
}

/* The one's complement sum of the 16-bit words of data[0, bytes), not inverted, in the byte order
 * of the data; an odd last byte counts as if a 0 followed. */
uint16_t checksum_of(const void *data, int bytes);

#endif
