/* SPDX-License-Identifier: MIT
 * parse.c: is this a TCP segment to port 80 with a timestamp? Goes through the options; then looks
 * for a request line. The packet may have any length.
 */
#include "test/bpf/program.h"

#define ETHERNET 14

/* The kind-8 option's value, or 0. RFC 9293, 3.1. */
static inline __attribute__((always_inline)) uint32_t
timestamp(const uint8_t *option, const uint8_t *end)
{
	KEEP_LOOP while (option + 1 < end && *option)
	{
		if (*option == 1) {
			option++;
			continue;
		}
		if (*option == 8) {
			return option[2] << 24 | option[3] << 16 | option[4] << 8 | option[5];
		}
		option += option[1];
	}
	return 0;
}

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint8_t *p = packet;
	const uint8_t *tcp;
	uint32_t newlines = 0;

	if (bytes < 54 || p[12] != 8 || p[13] != 0 || p[ETHERNET] >> 4 != 4) {
		return 0;
	}
	if (p[23] != 6 || (p[20] & 0x3f) || p[21]) {
		return 1;
	}
	tcp = p + ETHERNET + (p[ETHERNET] & 15) * 4;
	if (tcp[2] != 0 || tcp[3] != 80) {
		return 2;
	}
	KEEP_LOOP for (const uint8_t *text = tcp + (tcp[12] >> 4) * 4; text < p + bytes; text++)
	{
		newlines += *text == '\n';
	}
	return newlines + timestamp(tcp + 20, tcp + (tcp[12] >> 4) * 4);
}
