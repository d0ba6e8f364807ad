/* SPDX-License-Identifier: MIT
 * icmp.h: messages about packets: RFC 792, RFC 1122 3.2.2. Pure.
 */
#ifndef LIB_NET_ICMP_H
#define LIB_NET_ICMP_H

#include "lib/net/ip.h"

/* Error messages that may go out at once, and the time after which there is one more: a flood of
 * packets to closed ports does not become a flood of ours (RFC 1812 4.3.2.8). */
#define ICMP_BURST     8
#define ICMP_PACE_NS   20000000ull
#define ICMP_ERROR_MAX (ICMP_HEADER + 60 + 8) /* with the header that it is about, 8 bytes more */

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
};

enum icmp_code {
	ICMP_HOST = 1, /* of ICMP_UNREACHABLE */
	ICMP_PROTOCOL = 2,
	ICMP_PORT = 3,
	ICMP_FRAGMENTS = 1, /* of ICMP_TIME_EXCEEDED: reassembly */
};

struct icmp_message {
	uint8_t type;
	uint8_t code;
	uint16_t id; /* of an echo */
	uint16_t sequence;
	const uint8_t *data; /* behind the header */
	uint32_t bytes;
};

/* What an error message says about a packet that we have sent. */
struct icmp_about {
	uint32_t to;
	uint8_t protocol;
	uint16_t from_port; /* of UDP, or those of an echo: id and sequence */
	uint16_t to_port;
};

struct icmp_rate {
	uint64_t last_ns; /* up to when tokens were counted */
	uint32_t used;    /* of ICMP_BURST */
};

/* 0, E_TRUNCATED, or E_FORMAT (checksum). */
int icmp_parse(const struct ip_packet *packet, struct icmp_message *message);

bool icmp_is_error(uint8_t type);

/* The packet of `own`, so we claim, that an error message is about. 0, E_TRUNCATED or E_FORMAT. */
int icmp_parse_about(const struct icmp_message *message, uint32_t own, struct icmp_about *about);

/* Writes a header of ICMP_HEADER bytes for `message`, whose data may be anywhere. */
void icmp_build(uint8_t *header, const struct icmp_message *message);

/* Writes the first half of the header of the answer to the echo at `asked`, with the same data; the
 * checksum changes as much as the type does (RFC 1624, equation 4, which is right also where
 * nothing but zeros is left). */
void icmp_turn(uint8_t *header, const uint8_t *asked);

/* Whether an error may be told to the sender of a packet that came alone to `own` (RFC 1122
 * 3.2.2): not about error messages, broadcasts, fragments but the first, senders that are no
 * host. ICMP of unknown kind counts as an error. */
bool icmp_may_tell(const struct ip_packet *packet, uint32_t own);

/* One message less, if there is one left. */
bool icmp_take(struct icmp_rate *rate, uint64_t now_ns);

#endif
