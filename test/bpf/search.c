/* SPDX-License-Identifier: MIT
 * search.c: finds each of five keys of the packet in a sorted table of 32.
 */
#include "test/bpf/program.h"

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint32_t *key = packet;
	const uint32_t *table = state;
	uint64_t sum = 0;

	KEEP_LOOP for (int k = 0; k < 5; k++)
	{
		uint64_t low = 0;
		uint64_t high = 32;

		KEEP_LOOP while (low < high)
		{
			uint64_t middle = (low + high) / 2;

			if (table[middle] < key[k]) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		sum = sum * 33 + low;
	}
	return sum;
}
