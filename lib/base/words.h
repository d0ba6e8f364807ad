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

enum { WORDS_SHIFT = 4 }; /* words put together in a turn; the pragma wants a constant, no macro */

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

/* The areas do not overlap; both pointers go behind what was copied. `turn`, a constant, 4 or 8:
 * words in one, which take as many registers. */
static inline __attribute__((always_inline)) void
words_pass(word **to, const word **from, size_t count, size_t turn)
{
	for (; count >= turn; count -= turn, *to += turn, *from += turn) {
		words_move(*to, *from, turn);
	}
	if (turn > 4 && count & 4) {
		words_move(*to, *from, 4);
		*to += 4;
		*from += 4;
	}
	if (count & 2) {
		words_move(*to, *from, 2);
		*to += 2;
		*from += 2;
	}
	if (count & 1) {
		*(*to)++ = *(*from)++;
	}
}

static inline void
words_copy(word *to, const word *from, size_t count)
{
	words_pass(&to, &from, count, 8);
}

/* `bytes` from one word on: no byte is copied alone that has a neighbour. */
static inline void
words_copy_bytes(unsigned char *to, const unsigned char *from, size_t bytes)
{
	word *words_to = (word *)to;
	const word *words_from = (const word *)from;

	words_pass(&words_to, &words_from, bytes / WORD_BYTES, 8);
	to = (unsigned char *)words_to;
	from = (const unsigned char *)words_from;
	if (bytes & 4) {
		*(half *)to = *(const half *)from;
		to += sizeof(half);
		from += sizeof(half);
	}
	if (bytes & 2) {
		*(quarter *)to = *(const quarter *)from;
		to += sizeof(quarter);
		from += sizeof(quarter);
	}
	if (bytes & 1) {
		*to = *from;
	}
}

/* `bytes`, of which there are 8 at least, where both ends are as far behind a word. */
static inline void
words_copy_alike(unsigned char *to, const unsigned char *from, size_t bytes)
{
	size_t before = -(uintptr_t)to % WORD_BYTES;

	bytes -= before;
	if (before & 1) {
		*to++ = *from++;
	}
	if (before & 2) {
		*(quarter *)to = *(const quarter *)from;
		to += sizeof(quarter);
		from += sizeof(quarter);
	}
	if (before & 4) {
		*(half *)to = *(const half *)from;
		to += sizeof(half);
		from += sizeof(half);
	}
	words_copy_bytes(to, from, bytes);
}

/* `words`, from `shift` bits behind the start of `from` on: neither 0 nor 64. All of the words at
 * `from` that this reads, words + 1, are the caller's. */
static inline void
words_copy_shifted(word *to, const word *from, unsigned shift, size_t words)
{
	const word *turns_end = to + words / WORDS_SHIFT * WORDS_SHIFT;
	const word *end = to + words;
	word low = *from++;

	for (; to < turns_end; to += WORDS_SHIFT, from += WORDS_SHIFT) {
#pragma GCC unroll WORDS_SHIFT
		for (size_t i = 0; i < WORDS_SHIFT; i++) {
			word high = from[i];

			to[i] = low >> shift | high << (64 - shift);
			low = high;
		}
	}
	while (to < end) {
		word high = *from++;

		*to++ = low >> shift | high << (64 - shift);
		low = high;
	}
}

#endif
