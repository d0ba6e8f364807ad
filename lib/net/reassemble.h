/* SPDX-License-Identifier: MIT
 * reassemble.h: puts the fragments of IPv4 datagrams together. RFC 791 3.2, RFC 815, RFC 1122
 * 3.3.2.
 *
 * A fixed number of datagrams at a time, each in a buffer of the largest size; when one more
 * begins, the one that began first is given up. Whatever overlaps what is there is refused, and
 * its whole datagram with it, until its time is over (RFC 5722 for IPv6, for the same reason:
 * nobody needs it but who wants two readers to see two datagrams). Only a fragment that was sent
 * twice, byte for byte, is passed over. Pure.
 */
#ifndef LIB_NET_REASSEMBLE_H
#define LIB_NET_REASSEMBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/wire.h"

#define REASSEMBLIES     4
#define REASSEMBLE_NS    60000000000ull /* RFC 1122 3.3.2: 60 to 120 s */
#define REASSEMBLE_HOLES 64             /* in one datagram; then it is given up */
#define REASSEMBLE_BYTES (IP_MAX - IP_HEADER)
#define REASSEMBLE_HEAD  68 /* header of the first fragment, 8 bytes behind it */

struct fragment {
	uint32_t from;
	uint32_t to;
	uint16_t id;
	uint8_t protocol;
	bool more;             /* others follow */
	uint32_t offset;       /* bytes, a multiple of 8 */
	const uint8_t *header; /* its IP header */
	uint32_t header_bytes; /* 20 to 60 */
	const uint8_t *data;
	uint32_t bytes;
};

enum reassembly_state {
	REASSEMBLY_FREE,
	REASSEMBLY_OPEN,
	REASSEMBLY_REFUSED, /* what still comes is thrown away */
};

struct reassembly {
	enum reassembly_state state;
	uint32_t from;
	uint32_t to;
	uint16_t id;
	uint8_t protocol;
	uint32_t holes;
	uint32_t first_hole; /* offset */
	uint32_t bytes;      /* of the datagram's payload; 0: not known */
	uint64_t deadline_ns;
	uint32_t head_bytes;   /* of head[]; 0: the first fragment has not come */
	uint32_t header_bytes; /* of them, the IP header */
	uint8_t head[REASSEMBLE_HEAD];
	_Alignas(8) uint8_t data[REASSEMBLE_BYTES + 13]; /* a hole's record fits at the end */
};

struct reassembler {
	struct reassembly slot[REASSEMBLIES];
	uint64_t refused; /* datagrams with overlaps, too many holes, or an end that moves */
	uint64_t evicted; /* given up for a younger one */
};

/* Takes a fragment in: `more` or an offset that is not 0. Returns the datagram if it is complete,
 * to be given back with reassemble_free, else a null pointer. */
struct reassembly *reassemble_add(struct reassembler *all, const struct fragment *fragment,
				  uint64_t now_ns);

void reassemble_free(struct reassembly *one);

/* One datagram whose time is over, or a null pointer; the caller may tell its sender (only if
 * head_bytes is not 0 and it is open) and frees it. */
struct reassembly *reassemble_expired(struct reassembler *all, uint64_t now_ns);

/* When reassemble_expired has something next; UINT64_MAX: nothing is on the way. */
uint64_t reassemble_deadline(const struct reassembler *all);

/* True if the holes of every open datagram ascend, do not touch, and are as many as counted. */
bool reassemble_check(const struct reassembler *all);

#endif
