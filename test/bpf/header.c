/* SPDX-License-Identifier: MIT
 * header.c: builds the headers of an answer to a UDP datagram: addresses and ports exchanged, the
 * lengths in network order, the checksum of the IP header.
 */
#include "test/bpf/program.h"

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint16_t *p = packet;
	uint16_t *r = reply;
	uint32_t *count = state;
	uint32_t sum = 0;

	KEEP_LOOP for (int n = 0; n < 3; n++)
	{
		r[n] = p[n + 3];
		r[n + 3] = p[n];
	}
	r[6] = p[6];
	r[7] = p[7];
	r[8] = swap16(swap16(p[8]) - 4);
	r[9] = swap16(++*count & 0xffff);
	r[10] = 0;
	r[11] = swap16(64 << 8 | 17);
	r[12] = 0;
	r[13] = p[15];
	r[14] = p[16];
	r[15] = p[13];
	r[16] = p[14];
	KEEP_LOOP for (int n = 7; n < 17; n++)
	{
		sum += swap16(r[n]);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	r[12] = swap16(~(sum + (sum >> 16)));
	r[17] = p[18];
	r[18] = p[17];
	r[19] = p[19];
	r[20] = 0;
	return r[12];
}
