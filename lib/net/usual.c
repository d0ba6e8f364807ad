/* SPDX-License-Identifier: MIT
 * usual.c: see usual.h. Sums and flags stay in the order of the wire.
 */
#include "lib/net/usual.h"

#include <exo/errors.h>

#include "lib/base/checksum.h"

#define FIRST  0x45   /* version 4, no options */
#define CUT    0xff3f /* "more fragments" and the offset, as loaded */
#define PSEUDO 0x1100 /* IP_UDP, as loaded */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "as loaded");

/* The sum over the `bytes` of UDP, with what RFC 768 adds to it: `ends`, the sum of both addresses,
 * and more; right without one, for then the sender has computed none (RFC 1122 4.1.3.4). */
static bool
udp_is_intact(const uint8_t *header, uint32_t bytes, uint64_t ends)
{
	const raw32 *part = (const raw32 *)header;
	uint64_t length_and_sum = part[6];
	uint64_t sum = ends + PSEUDO + (length_and_sum & 0xffff) + part[5] + length_and_sum;

	return !(length_and_sum >> 16) ||
	       checksum_is_right(checksum_add(sum, header + USUAL_DATA, bytes - UDP_HEADER));
}

int
usual_bytes(const uint8_t *header, size_t bytes)
{
	const raw32 *part = (const raw32 *)header;

	if (bytes < USUAL_DATA || header[0] != FIRST || header[9] != IP_UDP ||
	    part[1] >> 16 & CUT) {
		return E_FORMAT;
	}
	uint32_t total = get16(header + 2);
	uint32_t behind = get16(header + IP_HEADER + 4);
	uint64_t ends = (uint64_t)part[3] + part[4];
	if (total > bytes || IP_HEADER + behind > total || behind < UDP_HEADER ||
	    !checksum_is_right(ends + part[0] + part[1] + part[2]) ||
	    !udp_is_intact(header, behind, ends)) {
		return E_FORMAT;
	}
	return (int)(behind - UDP_HEADER);
}
