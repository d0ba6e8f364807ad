/* SPDX-License-Identifier: MIT
 * bits.c: how many bits are set in a map of 12 words.
 */
#include "test/bpf/program.h"

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint64_t *map = packet;
	uint64_t bits = 0;

	KEEP_LOOP for (uint64_t n = 0; n < 12; n++)
	{
		uint64_t w = map[n];

		w -= w >> 1 & 0x5555555555555555;
		w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
		w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
		bits += w * 0x0101010101010101 >> 56;
	}
	return bits;
}
