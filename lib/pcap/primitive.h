/* SPDX-License-Identifier: MIT
 * primitive.h: what the primitives of the filter syntax compare, appended to a graph.
 *
 * Each function appends one part, never an empty one. The bytes they look at and in which order
 * are those of libpcap's code for Ethernet, but for fragments (docs/pcap.md).
 */
#ifndef LIB_PCAP_PRIMITIVE_H
#define LIB_PCAP_PRIMITIVE_H

#include "lib/pcap/graph.h"
#include "lib/pcap/names.h"

#define PRIMITIVE_LINK 14 /* bytes of the Ethernet header */
#define PRIMITIVE_IP6  54 /* behind the IPv6 header */

enum direction {
	DIRECTION_ANY, /* source or destination */
	DIRECTION_SOURCE,
	DIRECTION_DESTINATION,
	DIRECTION_BOTH,
};

/* An address or a net: bytes under a mask. */
struct address {
	uint32_t size; /* 4, 6 or 16 bytes */
	uint8_t bytes[16];
	uint8_t mask[16];
};

/* A field of a packet and the smallest and largest value of its masked bits. */
struct field {
	uint16_t offset;
	uint8_t width; /* 1, 2 or 4 bytes */
	bool is_shifted;
	uint32_t mask;
};

/* Where in the text the part stands, and where it goes. */
struct maker {
	struct graph *graph;
	uint32_t column;
};

void make_network(const struct maker *maker, uint16_t ether_type);

/* Protocol `number` directly in IPv4; in IPv6, also behind a fragment header. */
void make_in_ip(const struct maker *maker, uint8_t number);
void make_in_ip6(const struct maker *maker, uint8_t number);
void make_protocol(const struct maker *maker, const struct protocol *protocol);

/* The address of Ethernet, IPv4, ARP, RARP or IPv6 (`ether_type`, 0 for Ethernet itself). */
void make_host(const struct maker *maker, const struct address *address, uint16_t ether_type,
	       enum direction direction);

/* Ports [low, high] of TCP, UDP or SCTP in IPv4 and IPv6; transport 0: of all three. */
void make_ports(const struct maker *maker, uint16_t low, uint16_t high, uint8_t transport,
		enum direction direction);

/* The masked bits of the field, from its lowest mask bit on, are in [low, high]; mask 2^n - 1. */
void make_range(const struct maker *maker, const struct field *field, uint32_t low, uint32_t high);
/* They are `value`; any mask. */
void make_equal(const struct maker *maker, const struct field *field, uint32_t value);

/* What must hold before a byte of the protocol can be read, and from where it is counted; false if
 * nothing is appended because Ethernet is there always. */
bool make_access(const struct maker *maker, const struct protocol *protocol, uint32_t *base,
		 bool *is_shifted);

#endif
