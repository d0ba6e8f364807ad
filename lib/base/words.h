/* SPDX-License-Identifier: MIT
 * words.h: copy aligned words.
 *
 * A turn loads everything before it stores anything, so that an in-order hart need not wait for
 * each load; what is left of less than a turn takes no loop.
 */
#ifndef LIB_BASE_WORDS_H
#define LIB_BASE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Words that may alias objects of any type, as memory functions must. */
typedef uint64_t __attribute__((may_alias)) word;
typedef uint32_t __attribute__((may_alias)) half;
typedef uint16_t __attribute__((may_alias)) quarter;

#define WORD_BYTES sizeof(word)

/* `count`, a constant of at most 8, words. */
static inline __attribute__((always_inline)) void
words_move(word *to, const word *from, size_t count)
{
	word turn[8];

#pragma GCC unroll 8
	for (size_t i = 0; i < count; i++) {
		turn[i] = from[i];
	}
#pragma GCC unroll 8
	for (size_t i = 0; i < count; i++) {
		to[i] = turn[i];
	}
}

/* `count`, a multiple of 8, become 0. */
static inline void
words_clear(word *to, size_t count)
{
	for (const word *end = to + count; to < end; to += 8) {
#pragma GCC unroll 8
		for (size_t i = 0; i < 8; i++) {
			to[i] = 0;
		}
	}
}

/* The areas do not overlap. */
static inline void
words_copy(word *to, const word *from, size_t count)
{
	for (const word *end = to + count / 8 * 8; to < end; to += 8, from += 8) {
		words_move(to, from, 8);
	}
	if (count & 4) {
		words_move(to, from, 4);
		to += 4;
		from += 4;
	}
	if (count & 2) {
		words_move(to, from, 2);
		to += 2;
		from += 2;
	}
	if (count & 1) {
		*to = *from;
	}
}

#endif
