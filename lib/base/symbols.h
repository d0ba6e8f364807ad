/* SPDX-License-Identifier: MIT
 * symbols.h: names of functions by their addresses, in a table that takes little room.
 *
 * Offsets from a base, ascending; the names in the same order, one behind the other, each with its
 * 0. A function ends where the next one begins. scripts/symbols.py writes the kernel's. Pure.
 */
#ifndef LIB_BASE_SYMBOLS_H
#define LIB_BASE_SYMBOLS_H

#include <stdint.h>

struct symbols {
	uint32_t count;
	const uint32_t *offset;
	const char *names;
};

/* The function at `offset`, and where it begins; NULL before the first one. */
const char *symbols_find(const struct symbols *s, uint64_t offset, uint64_t *start);

#endif
