/* SPDX-License-Identifier: MIT
 * say.h: what summary.c (Ethernet, ARP, IP) and transport.c (TCP, UDP, ICMP) share: a line that
 * grows, and a piece of a packet that may end early.
 */
#ifndef LIB_PCAP_SAY_H
#define LIB_PCAP_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
	char *text;
	size_t room;
	size_t used; /* less than room */
};

/* The rest of a packet. `length` is what headers before say it has, `bytes` what is there, at
 * most that. */
struct piece {
	const uint8_t *at;
	size_t bytes;
	size_t length;
};

void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline uint32_t
piece_16(const struct piece *piece, size_t at)
{
	return (uint32_t)piece->at[at] << 8 | piece->at[at + 1];
}

static inline uint32_t
piece_32(const struct piece *piece, size_t at)
{
	return piece_16(piece, at) << 16 | piece_16(piece, at + 2);
}

/* What follows behind `bytes` of it. */
static inline struct piece
piece_behind(const struct piece *piece, size_t bytes)
{
	size_t there = bytes < piece->bytes ? bytes : piece->bytes;
	size_t claimed = bytes < piece->length ? bytes : piece->length;

	return (struct piece){piece->at + there, piece->bytes - there, piece->length - claimed};
}

/* The addresses of an IP packet as text, up to 39 characters each. */
struct hosts {
	char source[40];
	char destination[40];
	bool is_ip6;
};

/* " A > B: ..." for an IP packet of protocol `number`. */
void say_transport(struct line *line, const struct hosts *hosts, uint32_t number,
		   const struct piece *piece);

#endif
