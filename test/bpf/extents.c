/* SPDX-License-Identifier: MIT
 * extents.c: where does a file's block lie? Goes through extents of metadata, as an ownership
 * function does.
 */
#include "test/bpf/program.h"

struct extent {
	uint32_t first;
	uint32_t count;
	uint64_t block;
};

uint64_t
program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes, void *reply)
{
	const struct extent *e = packet;
	uint64_t *found = reply;

	KEEP_LOOP for (uint64_t n = 0; n < bytes / sizeof(*e); n++)
	{
		if (1500 >= e[n].first && 1500 - e[n].first < e[n].count) {
			found[0] = e[n].block + (1500 - e[n].first);
			found[1] = n;
			return 1;
		}
	}
	return 0;
}
