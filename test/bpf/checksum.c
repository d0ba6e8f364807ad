/* SPDX-License-Identifier: MIT
 * checksum.c: the Internet checksum (RFC 1071) of the first 64 bytes of a packet.
 */
#include "test/bpf/program.h"

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint16_t *word = packet;
	uint64_t sum = 0;

	KEEP_LOOP for (uint64_t n = 0; n < 32; n++)
	{
		sum += word[n];
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}
