/* SPDX-License-Identifier: MIT
 * fuzz.h: what most fuzz targets begin with.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer calls this with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* What is not so is a find. */
static inline void
demand(bool holds)
{
	if (!holds) {
		abort();
	}
}

/* An input as draws of a random operation: each takes a byte, and nothing is left of it at the end.
 * One byte is enough for all limits but a few, where the draw is only coarser. */
struct bytes {
	const uint8_t *next;
	const uint8_t *end;
};

static inline uint64_t
bytes_draw(void *from, uint64_t limit)
{
	struct bytes *bytes = from;

	return bytes->next < bytes->end ? *bytes->next++ % limit : 0;
}

#endif
