/* SPDX-License-Identifier: MIT
 * code_helpers.h: for who writes downloaded code in C: what a program looks like, and what it may
 * call. Compiled by `make code`, that is by clang -target bpf; docs/code.md has examples.
 *
 * A pointer is a region and an offset (exo/code.h). It can be computed with as in C, at any
 * alignment, but it leaves its region only to end the run when it is used. There is nothing to link
 * with: no library, no variables but const ones, and functions only when they are inlined.
 */
#ifndef EXO_CODE_HELPERS_H
#define EXO_CODE_HELPERS_H

#include <exo/code.h>

/* What a program of each class is called with. To have its signature checked, declare it as
 * `exo_handler_code echo;`. */
typedef int64_t exo_owns_code(const void *metadata, uint64_t bytes, const void *parameters,
			      uint64_t parameters_bytes, uint64_t index);
typedef int64_t exo_acl_code(const void *metadata, uint64_t bytes, const void *request,
			     uint64_t request_bytes, uint64_t badge);
typedef int64_t exo_predicate_code(const void *memory, uint64_t bytes, uint64_t events,
				   uint64_t ticks);
typedef int64_t exo_handler_code(const uint8_t *packet, uint64_t bytes, void *state,
				 uint64_t state_bytes, uint8_t *reply);

/* The functions below are calls by number; what is called is the kernel. Each returns 0 or a
 * negative error, if nothing else is said. A call costs what code.def says, and what is copied or
 * summed a unit for each 8 bytes more. */
#define EXO_HELPER(name) ((void *)EXO_HELPER_##name)

/* owns: the metadata owns `count` blocks from `first` on, whose metadata in turn are those of
 * `template_nr`, or data when that is 0. */
static int64_t (*const exo_emit)(uint64_t first, uint64_t count,
				 uint64_t template_nr) = EXO_HELPER(emit);
/* acl: the time of the clock page, in nanoseconds. */
static uint64_t (*const exo_code_now)(void) = EXO_HELPER(now);
/* handler: the environment that attached it is to run, as when a packet had come into its ring. */
static int64_t (*const exo_wake)(void) = EXO_HELPER(wake);
/* handler: the first `bytes` of the reply buffer are sent, if the transmit predicate lets them. */
static int64_t (*const exo_reply)(const void *reply, uint64_t bytes) = EXO_HELPER(reply);
/* handler: copies `bytes` from one region to another, or within one; they must not overlap:
 * then the run ends. */
static int64_t (*const exo_place)(void *to, const void *from, uint64_t bytes) = EXO_HELPER(place);
/* The sum of RFC 1071 over `bytes` in memory order, begun with `sum`, folded to 16 bits and not
 * inverted. */
static uint64_t (*const exo_checksum)(const void *from, uint64_t bytes,
				      uint64_t sum) = EXO_HELPER(checksum);

/* Fields of packets: big-endian, at any alignment. Each is one load and one swap. */
static inline uint16_t
exo_be16(const void *at)
{
	return __builtin_bswap16(*(const uint16_t *)at);
}

static inline uint32_t
exo_be32(const void *at)
{
	return __builtin_bswap32(*(const uint32_t *)at);
}

static inline void
exo_put_be16(void *at, uint16_t value)
{
	*(uint16_t *)at = __builtin_bswap16(value);
}

static inline void
exo_put_be32(void *at, uint32_t value)
{
	*(uint32_t *)at = __builtin_bswap32(value);
}

/* Exchanges source and destination of a UDP datagram in IPv4 without options: addresses of both
 * layers and ports. It leaves both checksums right (RFC 1071, 2). The first and the last field come
 * first: what lies between them is then known to be in the region, and costs one instruction. */
static inline void
exo_turn_udp(uint8_t *reply, const uint8_t *packet)
{
	const uint16_t *from = (const uint16_t *)packet;
	uint16_t *to = (uint16_t *)reply;
	uint16_t first = from[0];
	uint16_t last = from[18];
	uint32_t source = *(const uint32_t *)(packet + 26);

	to[0] = from[3];   /* MAC addresses */
	to[18] = from[17]; /* ports */
	to[17] = last;
	to[3] = first;
	first = from[1];
	to[1] = from[4];
	to[4] = first;
	first = from[2];
	to[2] = from[5];
	to[5] = first;
	*(uint32_t *)(reply + 26) = *(const uint32_t *)(packet + 30); /* IP addresses */
	*(uint32_t *)(reply + 30) = source;
}

#endif
