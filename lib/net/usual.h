/* SPDX-License-Identifier: MIT
 * usual.h: what most frames hold, checked in one pass: a whole UDP datagram under an IP header
 * without options.
 *
 * Nothing is believed here that ip_parse and udp_parse would refuse (net_usual_test.c compares
 * them); whatever is unusual is left to them. Pure.
 */
#ifndef LIB_NET_USUAL_H
#define LIB_NET_USUAL_H

#include <stdbool.h>

#include "lib/net/wire.h"

/* Where things are in such a packet. */
#define USUAL_FROM     12
#define USUAL_TO       16
#define USUAL_PORTS    IP_HEADER /* from, to */
#define USUAL_LENGTH   (IP_HEADER + 4)
#define USUAL_CHECKSUM (IP_HEADER + 6)
#define USUAL_DATA     (IP_HEADER + UDP_HEADER)

/* The bytes of data in the packet at the begin of `header`, a multiple of four. E_FORMAT: it is not
 * of this kind, or wrong. */
int usual_bytes(const uint8_t *header, size_t bytes);

#endif
