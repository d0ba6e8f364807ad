/* SPDX-License-Identifier: MIT
 * ip.h: IPv4 headers (RFC 791, RFC 1122 3.2.1) and what stands behind them: UDP (RFC 768).
 *
 * The readers check everything that a packet says about itself; what they return lies within it.
 * Packets begin at multiples of four. Pure.
 */
#ifndef LIB_NET_IP_H
#define LIB_NET_IP_H

#include <stdbool.h>

#include "lib/net/wire.h"

#define IP_TTL 64

struct ip_packet {
	uint32_t from;
	uint32_t to;
	uint16_t id;
	uint8_t protocol;
	bool more;       /* fragments follow */
	uint32_t offset; /* of a fragment, in bytes */
	const uint8_t *header;
	uint32_t header_bytes;
	const uint8_t *data;
	uint32_t bytes;
};

/* Reads the packet at the begin of `data`; what follows it (padding) is left out. 0, E_TRUNCATED,
 * E_VERSION, or E_FORMAT: lengths, checksum. */
int ip_parse(const uint8_t *data, size_t bytes, struct ip_packet *packet);

/* Writes a header of IP_HEADER bytes for `bytes` more; 0 for offset and more: a whole datagram. */
void ip_build(const struct ip_packet *packet, uint8_t *header);

struct udp_packet {
	uint16_t from_port;
	uint16_t to_port;
	const uint8_t *data;
	uint32_t bytes;
};

/* Reads the datagram in `packet`, whole or reassembled. 0, E_TRUNCATED, or E_FORMAT: length,
 * checksum, port 0 as destination. */
int udp_parse(const struct ip_packet *packet, struct udp_packet *udp);

/* Writes a header of UDP_HEADER bytes for `udp`, whose data may be anywhere. */
void udp_build(uint8_t *header, uint32_t from, uint32_t to, const struct udp_packet *udp);

/* Writes the header of a datagram back to where a whole one without options came from, `asked` its
 * header; the length is the same. The order of the bytes in `id` does not matter. */
void ip_turn(uint8_t *header, const uint8_t *asked, uint16_t id);

/* The same for the first half of what UDP has: no sum notices that addresses and ports change
 * places. */
static inline void
udp_turn(uint8_t *header, const uint8_t *asked)
{
	uint32_t ports = *(const raw32 *)asked;

	*(raw32 *)header = ports << 16 | ports >> 16;
}

/* The checksum over `bytes` at `data`, to be stored with ip_store_checksum; 0 over what includes a
 * right one. `more` is the sum (not inverted) of what else belongs to it, see checksum_of. */
uint16_t ip_checksum(const uint8_t *data, uint32_t bytes, uint32_t more);
void ip_store_checksum(uint8_t *at, uint16_t checksum);

/* It stands in memory in the byte order of the data (RFC 1071), so it is not swapped. */
static inline uint16_t
ip_load_checksum(const uint8_t *at)
{
	return *(const raw16 *)at;
}

#endif
