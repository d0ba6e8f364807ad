/* SPDX-License-Identifier: MIT
 * hash.c: FNV-1a of 40 bytes, finished as splitmix64 does.
 */
#include "test/bpf/program.h"

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const uint8_t *p = packet;
	uint64_t hash = 0xcbf29ce484222325;

	KEEP_LOOP for (uint64_t n = 0; n < 40; n++)
	{
		hash = (hash ^ p[n]) * 0x100000001b3;
	}
	hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
	return hash ^ (hash >> 31);
}
