/* SPDX-License-Identifier: MIT
 * compare.c: how much of a name in the packet is like the one in the state, case apart?
 */
#include "test/bpf/program.h"

static inline uint32_t
lower(uint32_t c)
{
	return c - 'A' < 26 ? c + 32 : c;
}

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint8_t *a = packet;
	const uint8_t *b = state;
	uint64_t n = 0;

	KEEP_LOOP while (n < 16 && lower(a[n]) == lower(b[n]))
	{
		n++;
	}
	return n;
}
