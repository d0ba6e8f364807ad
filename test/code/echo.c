/* SPDX-License-Identifier: MIT
 * echo.c: a handler that answers UDP echo (RFC 862) in the kernel, and counts. The example of
 * docs/code.md.
 *
 * The answer is the packet with source and destination exchanged; that leaves both checksums right,
 * for the order of what is summed does not matter (RFC 1071, 2).
 */
#include <stdbool.h>
#include <exo/code_helpers.h>

#define HEADERS   42 /* Ethernet 14, IPv4 without options 20, UDP 8 */
#define REPLY_MAX 256
#define PORT_ECHO 7

/* The state region. */
struct counters {
	uint64_t echoed;
	uint64_t passed_on;
};

exo_handler_code echo;

static inline bool
is_echo(const uint8_t *packet, uint64_t bytes)
{
	return bytes >= HEADERS && bytes <= REPLY_MAX &&
	       exo_be16(packet + 12) == 0x0800 &&       /* IPv4 */
	       packet[14] == 0x45 &&                    /* without options */
	       (exo_be16(packet + 20) & 0x3fff) == 0 && /* no fragment */
	       packet[23] == 17 &&                      /* UDP */
	       exo_be16(packet + 36) == PORT_ECHO;
}

int64_t
echo(const uint8_t *packet, uint64_t bytes, void *state, uint64_t state_bytes, uint8_t *reply)
{
	struct counters *counters = state;

	if (!is_echo(packet, bytes)) {
		counters->passed_on++;
		return EXO_HANDLER_DELIVER;
	}
	exo_turn_udp(reply, packet);
	exo_reply(reply, bytes);
	counters->echoed++;
	return EXO_HANDLER_DROP;
}
