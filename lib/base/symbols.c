/* SPDX-License-Identifier: MIT
 * symbols.c: the last function that begins at or before an address, and its name: found by walking
 * all names before it, for only what goes wrong is looked up.
 */
#include "lib/base/symbols.h"

#include <stddef.h>

/* How many begin at or before `offset`. */
static uint32_t
count_up_to(const struct symbols *s, uint64_t offset)
{
	uint32_t low = 0;
	uint32_t high = s->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->offset[middle] <= offset) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

const char *
symbols_find(const struct symbols *s, uint64_t offset, uint64_t *start)
{
	uint32_t count = count_up_to(s, offset);
	const char *name = s->names;

	if (!count) {
		return NULL;
	}
	*start = s->offset[count - 1];
	for (uint32_t i = 1; i < count; i++) {
		while (*name++) {
		}
	}
	return name;
}
