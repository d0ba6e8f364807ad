/* SPDX-License-Identifier: MIT
 * bitmap.h: sets of small numbers in an array of 64-bit words.
 *
 * Bit n is bit n % 64 of words[n / 64]. The caller guarantees bit < the capacity of the array;
 * nothing here is atomic.
 */
#ifndef LIB_BASE_BITMAP_H
#define LIB_BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool
bitmap_get(const uint64_t *words, size_t bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

static inline void
bitmap_set(uint64_t *words, size_t bit)
{
	words[bit / 64] |= 1ull << (bit % 64);
}

static inline void
bitmap_clear(uint64_t *words, size_t bit)
{
	words[bit / 64] &= ~(1ull << (bit % 64));
}

/* The number of the lowest set bit of a word that is not 0. Without Zbb gcc would call libgcc for
 * this. */
static inline unsigned
word_lowest_bit(uint64_t word)
{
	unsigned bit = 0;

	for (unsigned step = 32; step; step /= 2) {
		if (!(word & ((1ull << step) - 1))) {
			word >>= step;
			bit += step;
		}
	}
	return bit;
}

/* The first set bit in [from, bits), or `bits`. */
static inline size_t
bitmap_next_set(const uint64_t *words, size_t bits, size_t from)
{
	while (from < bits) {
		uint64_t word = words[from / 64] >> (from % 64);

		if (word) {
			from += word_lowest_bit(word);
			return from < bits ? from : bits;
		}
		from = (from / 64 + 1) * 64;
	}
	return bits;
}

/* The first clear bit in [from, bits), or `bits`. */
static inline size_t
bitmap_next_clear(const uint64_t *words, size_t bits, size_t from)
{
	while (from < bits) {
		uint64_t word = ~words[from / 64] >> (from % 64);

		if (word) {
			from += word_lowest_bit(word);
			return from < bits ? from : bits;
		}
		from = (from / 64 + 1) * 64;
	}
	return bits;
}

#endif
