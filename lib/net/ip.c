/* SPDX-License-Identifier: MIT
 * ip.c: see ip.h. The header (RFC 791 3.1), without options:
 *
 *	0          1         2        4    6               8     9          10         12     16 20
 *	| 4, words | service | length | id | flags, offset | TTL | protocol | checksum | from | to |
 *
 * Options are passed over: we are no router, and the record of a route is of no use to us (RFC
 * 1122 3.2.1.8 lets a host ignore all).
 */
#include "lib/net/ip.h"

#include <exo/errors.h>

#include "lib/base/checksum.h"

#define FLAG_MORE   0x2000
#define OFFSET_MASK 0x1fff

void
ip_store_checksum(uint8_t *at, uint16_t checksum)
{
	*(raw16 *)at = checksum;
}

uint16_t
ip_checksum(const uint8_t *data, uint32_t bytes, uint32_t more)
{
	return (uint16_t)~checksum_fold((uint64_t)checksum_of(data, (int)bytes) + more);
}

/* Whether the sum over a header is right; most have no options. */
static bool
header_is_intact(const uint8_t *header, uint32_t bytes)
{
	const raw32 *part = (const raw32 *)header;
	uint64_t sum = (uint64_t)part[0] + part[1] + part[2] + part[3] + part[4];

	for (uint32_t i = IP_HEADER / 4; i < bytes / 4; i++) {
		sum += part[i];
	}
	return checksum_fold(sum) == 0xffff;
}

int
ip_parse(const uint8_t *data, size_t bytes, struct ip_packet *packet)
{
	if (bytes < IP_HEADER) {
		return E_TRUNCATED;
	}
	uint32_t total = get16(data + 2);
	uint32_t header_bytes = (data[0] & 15u) * 4;
	if (data[0] >> 4 != 4) {
		return E_VERSION;
	}
	if (total > bytes) {
		return E_TRUNCATED;
	}
	if (header_bytes < IP_HEADER || header_bytes > total ||
	    !header_is_intact(data, header_bytes)) {
		return E_FORMAT;
	}
	uint32_t flags = get16(data + 6);
	*packet = (struct ip_packet){
		.from = get32(data + 12),
		.to = get32(data + 16),
		.id = get16(data + 4),
		.protocol = data[9],
		.more = flags & FLAG_MORE,
		.offset = (flags & OFFSET_MASK) * 8,
		.header = data,
		.header_bytes = header_bytes,
		.data = data + header_bytes,
		.bytes = total - header_bytes,
	};
	return 0;
}

/* The sum of both addresses, to be folded. Sums of numbers are in our byte order; those of
 * checksum_of, and those that are stored, in the byte order of the data. */
static uint64_t
address_sum(uint32_t from, uint32_t to)
{
	return (uint64_t)from + to;
}

void
ip_build(const struct ip_packet *packet, uint8_t *header)
{
	uint32_t total = IP_HEADER + packet->bytes;
	uint32_t flags = packet->offset / 8 | (packet->more ? FLAG_MORE : 0);
	uint32_t kind = IP_TTL << 8 | packet->protocol;
	uint32_t sum = 0x4500 + total + packet->id + flags + kind;

	put16(header, 0x4500);
	put16(header + 2, total);
	put16(header + 4, packet->id);
	put16(header + 6, flags);
	put16(header + 8, kind);
	put16(header + 10, (uint16_t)~checksum_fold(sum + address_sum(packet->from, packet->to)));
	put32(header + 12, packet->from);
	put32(header + 16, packet->to);
}

int
udp_parse(const struct ip_packet *packet, struct udp_packet *udp)
{
	if (packet->bytes < UDP_HEADER) {
		return E_TRUNCATED;
	}
	const uint8_t *header = packet->data;
	uint32_t bytes = get16(header + 4);
	if (bytes > packet->bytes) {
		return E_TRUNCATED;
	}
	udp->from_port = get16(header);
	udp->to_port = get16(header + 2);
	udp->data = header + UDP_HEADER;
	udp->bytes = bytes - UDP_HEADER;
	if (bytes < UDP_HEADER || !udp->to_port) {
		return E_FORMAT;
	}
	if (!ip_load_checksum(header + 6)) { /* the sender has computed none (RFC 1122 4.1.3.4) */
		return 0;
	}
	uint64_t sum = address_sum(packet->from, packet->to) + IP_UDP + bytes +
		       __builtin_bswap16(checksum_of(header, (int)bytes));
	return checksum_fold(sum) == 0xffff ? 0 : E_FORMAT;
}

/* The checksum, whose place is old[5], changes as id, flags and TTL do (RFC 1624, equation 3). */
void
ip_turn(uint8_t *header, const uint8_t *asked, uint16_t id)
{
	const raw32 *was = (const raw32 *)asked;
	const raw16 *old = (const raw16 *)asked;
	raw32 *part = (raw32 *)header;
	uint32_t gone = old[2] + old[3] + asked[8] + old[5];
	uint32_t sum = 4 * 0xffff - gone + id + IP_TTL;

	part[0] = was[0];
	part[1] = id; /* and no flags */
	part[2] = IP_TTL | (uint32_t)asked[9] << 8 | ~(uint32_t)checksum_fold32(sum) << 16;
	part[3] = was[4];
	part[4] = was[3];
}

void
udp_build(uint8_t *header, uint32_t from, uint32_t to, const struct udp_packet *udp)
{
	uint32_t total = UDP_HEADER + udp->bytes;
	uint64_t sum =
		address_sum(from, to) + IP_UDP + total + udp->from_port + udp->to_port + total;

	put16(header, udp->from_port);
	put16(header + 2, udp->to_port);
	put16(header + 4, total);
	uint16_t checksum =
		ip_checksum(udp->data, udp->bytes, __builtin_bswap16(checksum_fold(sum)));
	/* RFC 768: 0 would say that there is none */
	ip_store_checksum(header + 6, checksum ? checksum : 0xffff);
}
