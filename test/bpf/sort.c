/* SPDX-License-Identifier: MIT
 * sort.c: sorts eight numbers on the stack with Batcher's network; the answer has all of them
 * in it.
 */
#include "test/bpf/program.h"

#define EXCHANGE(a, b)                                                                             \
	do {                                                                                       \
		if (v[a] > v[b]) {                                                                 \
			uint64_t larger = v[a];                                                    \
			v[a] = v[b];                                                               \
			v[b] = larger;                                                             \
		}                                                                                  \
	} while (0)

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint32_t *from = packet;
	volatile uint64_t v[8];
	uint64_t sum = 0;

	for (int n = 0; n < 8; n++) {
		v[n] = from[n];
	}
	EXCHANGE(0, 1);
	EXCHANGE(2, 3);
	EXCHANGE(4, 5);
	EXCHANGE(6, 7);
	EXCHANGE(0, 2);
	EXCHANGE(1, 3);
	EXCHANGE(4, 6);
	EXCHANGE(5, 7);
	EXCHANGE(1, 2);
	EXCHANGE(5, 6);
	EXCHANGE(0, 4);
	EXCHANGE(1, 5);
	EXCHANGE(2, 6);
	EXCHANGE(3, 7);
	EXCHANGE(2, 4);
	EXCHANGE(3, 5);
	EXCHANGE(1, 2);
	EXCHANGE(3, 4);
	EXCHANGE(5, 6);
	for (int n = 0; n < 8; n++) {
		sum = sum * 3 + v[n];
	}
	return sum;
}
