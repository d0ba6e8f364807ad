/* SPDX-License-Identifier: MIT
 * rand.h: xorshift64* (G. Marsaglia, "Xorshift RNGs", 2003; S. Vigna's multiplier).
 *
 * For tests, retry jitter and hash seeds: repeatable from its seed, never for secrets. The state
 * must not be 0.
 */
#ifndef LIB_BASE_RAND_H
#define LIB_BASE_RAND_H

#include <stdint.h>

static inline uint64_t
rand_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

/* A number in [0, limit); limit > 0. The bias is at most limit / 2^64. */
static inline uint64_t
rand_below(uint64_t *state, uint64_t limit)
{
	return rand_next(state) % limit;
}

#endif
