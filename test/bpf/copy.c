/* SPDX-License-Identifier: MIT
 * copy.c: puts 192 bytes of the packet into the reply, counts in the state.
 */
#include "test/bpf/program.h"

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint64_t *from = packet;
	uint64_t *to = reply;
	uint64_t *counters = state;

	KEEP_LOOP for (uint64_t n = 0; n < 24; n++)
	{
		to[n] = from[n];
	}
	counters[0]++;
	counters[1] += bytes;
	return 192;
}
