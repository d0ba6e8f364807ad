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
	if (bytes < HEADERS || bytes > REPLY_MAX) {
		return EXO_HANDLER_DELIVER;
	}
	exo_turn_udp(reply, packet);
	exo_reply(reply, bytes);
	return EXO_HANDLER_DROP;
}
