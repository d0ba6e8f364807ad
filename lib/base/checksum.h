/* SPDX-License-Identifier: MIT
 * checksum.h: the Internet checksum, eight bytes at a time.
 */
#ifndef LIB_BASE_CHECKSUM_H
#define LIB_BASE_CHECKSUM_H

#include <stdint.h>

/* The one's complement sum of the 16-bit words of data[0, bytes), not inverted, in the byte order
 * of the data; an odd last byte counts as if a 0 followed. RFC 1071. */
uint16_t checksum_of(const void *data, int bytes);

#endif
