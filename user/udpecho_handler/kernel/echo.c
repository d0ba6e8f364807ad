/* SPDX-License-Identifier: MIT
 * echo.c: the handler of udpecho_handler: sends UDP datagrams to its program's address and port
 * back, and leaves all else to the program. Runs in the kernel, compiled as `make code` does.
 *
 * The answer is the packet with source and destination exchanged, which leaves both checksums
 * right, for the order of what is summed does not matter (RFC 1071, 2); a wrong one stays wrong,
 * and who gets it notices. It lives as long as any packet of ours: that changes the sum of its
 * header.
 */
#include <stdbool.h>

#include <exo/code_helpers.h>

#include "user/udpecho_handler/state.h"

#define HEADERS   42 /* Ethernet 14, IPv4 without options 20, UDP 8 */
#define REPLY_MAX 256
#define LIFE_UDP  (64u << 8 | 17) /* time to live, protocol */

exo_handler_code echo;

static inline bool
is_echo(const uint8_t *packet, uint64_t bytes, const struct echo_state *state)
{
	return bytes >= HEADERS && bytes <= REPLY_MAX && state->address &&
	       exo_be16(packet + 12) == 0x0800 &&       /* IPv4 */
	       packet[14] == 0x45 &&                    /* without options */
	       (exo_be16(packet + 20) & 0x3fff) == 0 && /* no fragment */
	       packet[23] == 17 &&                      /* UDP */
	       exo_be32(packet + 30) == state->address && exo_be16(packet + 36) == state->port &&
	       exo_be16(packet + 34) >= SMALL_PORTS && exo_be32(packet + 26) != state->address &&
	       (packet[6] & 1) == 0 && packet[26] != 255;
}

/* RFC 1624, equation 4. */
static inline void
renew_life(uint8_t *reply)
{
	uint32_t old = exo_be16(reply + 22);
	uint32_t sum = exo_be16(reply + 24) + old + (~LIFE_UDP & 0xffff);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	exo_put_be16(reply + 22, LIFE_UDP);
	exo_put_be16(reply + 24, (uint16_t)sum);
}

int64_t
echo(const uint8_t *packet, uint64_t bytes, void *memory, uint64_t memory_bytes, uint8_t *reply)
{
	struct echo_state *state = memory;

	if (!is_echo(packet, bytes, state)) {
		return EXO_HANDLER_DELIVER;
	}
	exo_turn_udp(reply, packet);
	renew_life(reply);
	exo_reply(reply, bytes);
	state->echoes++;
	return EXO_HANDLER_DROP;
}
