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

/* The checksums of RFC 1071 stand in memory in the byte order of the data, so none is swapped. */
static uint16_t
load16(const uint8_t *at)
{
	uint16_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

void
ip_store_checksum(uint8_t *at, uint16_t checksum)
{
	__builtin_memcpy(at, &checksum, sizeof(checksum));
}

static uint16_t
fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

uint16_t
ip_checksum(const uint8_t *data, uint32_t bytes, uint32_t more)
{
	return (uint16_t)~fold(checksum_of(data, (int)bytes) + more);
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
	    ip_checksum(data, header_bytes, 0)) {
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

void
ip_build(const struct ip_packet *packet, uint8_t *header)
{
	put16(header, 0x4500);
	put16(header + 2, IP_HEADER + packet->bytes);
	put16(header + 4, packet->id);
	put16(header + 6, packet->offset / 8 | (packet->more ? FLAG_MORE : 0));
	header[8] = IP_TTL;
	header[9] = packet->protocol;
	put16(header + 10, 0);
	put32(header + 12, packet->from);
	put32(header + 16, packet->to);
	ip_store_checksum(header + 10, ip_checksum(header, IP_HEADER, 0));
}

/* The sum of the pseudo header (RFC 768). */
static uint32_t
pseudo_sum(uint32_t from, uint32_t to, uint32_t bytes)
{
	uint8_t pseudo[12];

	put32(pseudo, from);
	put32(pseudo + 4, to);
	put16(pseudo + 8, IP_UDP);
	put16(pseudo + 10, bytes);
	return checksum_of(pseudo, sizeof(pseudo));
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
	/* 0: the sender has not computed one (RFC 1122 4.1.3.4) */
	return load16(header + 6) && ip_checksum(header, bytes,
						 pseudo_sum(packet->from, packet->to, bytes))
		       ? E_FORMAT
		       : 0;
}

void
udp_build(uint8_t *header, uint32_t from, uint32_t to, const struct udp_packet *udp)
{
	uint32_t sum = pseudo_sum(from, to, UDP_HEADER + udp->bytes);

	put16(header, udp->from_port);
	put16(header + 2, udp->to_port);
	put16(header + 4, UDP_HEADER + udp->bytes);
	put16(header + 6, 0);
	sum += checksum_of(header, UDP_HEADER);
	uint16_t checksum = ip_checksum(udp->data, udp->bytes, sum);
	/* RFC 768: 0 would say that there is none */
	ip_store_checksum(header + 6, checksum ? checksum : 0xffff);
}
