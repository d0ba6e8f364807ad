/* SPDX-License-Identifier: MIT
 * udp_echo.c: sends a UDP datagram back, as test/code/echo.c does, and leaves to the filter of its
 * ring whether it is one: IPv4 without options, no fragment, that port.
 */
#include <stdbool.h>
#include <exo/code_helpers.h>
#include "test/bpf/program.h"

#define HEADERS   42 /* Ethernet 14, IPv4 20, UDP 8 */
#define REPLY_MAX 256

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint16_t *p = packet;
	uint16_t *r = reply;

	if (bytes < HEADERS || bytes > REPLY_MAX) {
		return EXO_HANDLER_DELIVER;
	}
	exo_place(reply, packet, bytes);
	for (int n = 0; n < 3; n++) { /* MAC addresses */
		r[n] = p[n + 3];
		r[n + 3] = p[n];
	}
	*(uint32_t *)(r + 13) = *(const uint32_t *)(p + 15); /* IP addresses */
	*(uint32_t *)(r + 15) = *(const uint32_t *)(p + 13);
	r[17] = p[18]; /* ports */
	r[18] = p[17];
	exo_reply(reply, bytes);
	return EXO_HANDLER_DROP;
}
