/* SPDX-License-Identifier: MIT
 * usual.c: see usual.h. Sums and flags stay in the order of the wire.
 */
#include "lib/net/usual.h"

#include <exo/errors.h>

#include "lib/base/checksum.h"
#include "lib/net/ip.h"

#define FIRST  0x45   /* version 4, no options */
#define CUT    0xff3f /* "more fragments" and the offset, as loaded */
#define PSEUDO 0x1100 /* IP_UDP, as loaded */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "as loaded");

/* The sum over the `bytes` of UDP, with what RFC 768 adds to it: `ends`, the sum of both addresses,
 * and more; right without one, for then the sender has computed none (RFC 1122 4.1.3.4). */
static bool
udp_is_intact(const uint8_t *header, size_t bytes, uint64_t ends)
{
	const raw32 *part = (const raw32 *)header;
	uint64_t length = *(const raw16 *)(header + USUAL_LENGTH);
	uint64_t sum = ends + PSEUDO + length + part[5] + part[6];

	return !ip_load_checksum(header + USUAL_CHECKSUM) ||
	       checksum_is_right(checksum_add(sum, header + USUAL_DATA, bytes - UDP_HEADER));
}

int
usual_bytes(const uint8_t *header, size_t bytes)
{
	const raw32 *part = (const raw32 *)header;

	if (bytes < USUAL_DATA || header[0] != FIRST || header[9] != IP_UDP ||
	    *(const raw16 *)(header + 6) & CUT) {
		return E_FORMAT;
	}
	size_t total = get16_wide(header + 2);
	size_t behind = get16_wide(header + USUAL_LENGTH);
	uint64_t ends = (uint64_t)part[3] + part[4];
	if (total > bytes || IP_HEADER + behind > total || behind < UDP_HEADER ||
	    !checksum_is_right(ends + part[0] + part[1] + part[2]) ||
	    !udp_is_intact(header, behind, ends)) {
		return E_FORMAT;
	}
	return (int)(behind - UDP_HEADER);
}
