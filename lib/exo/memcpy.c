/* SPDX-License-Identifier: MIT
 * memcpy.c: memcpy by words, instead of the C library's, which goes byte by byte (6 instructions
 * each).
 *
 * Alone in its file, so that the linker takes this or the C library's, never both. Misaligned
 * accesses are never made: some harts trap them. When the two ends are aligned differently, each
 * word stored is put together from two words loaded; every word loaded holds a byte of the source.
 * The compiler is told (build.mk) not to turn these loops into calls of memcpy.
 */
#include <stdint.h>
#include <string.h>

#include "lib/base/words.h"

/* Below this many bytes words are not worth their beginning and end. */
#define WORDS_LEAST 16

/* The source begins `skew` bytes (1..7) behind `from`. */
static void
copy_skewed(word *to, const word *from, size_t words, unsigned int skew)
{
	unsigned int down = skew * 8;
	unsigned int up = 64 - down;
	word low = *from++;

#pragma GCC unroll 4
	while (words--) {
		word high = *from++;

		*to++ = low >> down | high << up;
		low = high;
	}
}

/* Both ends are as far behind a word, as those of packets are: no byte is copied alone that has
 * a neighbour. */
static void
copy_alike(unsigned char *at, const unsigned char *source, size_t bytes)
{
	size_t before = -(uintptr_t)at % WORD_BYTES;

	bytes -= before;
	if (before & 1) {
		*at++ = *source++;
	}
	if (before & 2) {
		*(quarter *)at = *(const quarter *)source;
		at += 2;
		source += 2;
	}
	if (before & 4) {
		*(half *)at = *(const half *)source;
		at += 4;
		source += 4;
	}
	words_copy((word *)at, (const word *)source, bytes / WORD_BYTES);
	at += bytes / WORD_BYTES * WORD_BYTES;
	source += bytes / WORD_BYTES * WORD_BYTES;
	if (bytes & 4) {
		*(half *)at = *(const half *)source;
		at += 4;
		source += 4;
	}
	if (bytes & 2) {
		*(quarter *)at = *(const quarter *)source;
		at += 2;
		source += 2;
	}
	if (bytes & 1) {
		*at = *source;
	}
}

void *
memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	unsigned char *at = to;
	const unsigned char *source = from;

	if (bytes >= WORDS_LEAST && ((uintptr_t)at - (uintptr_t)source) % WORD_BYTES == 0) {
		copy_alike(at, source, bytes);
		return to;
	}
	if (bytes >= WORDS_LEAST) {
		for (; (uintptr_t)at % WORD_BYTES; bytes--) {
			*at++ = *source++;
		}
		unsigned int skew = (uintptr_t)source % WORD_BYTES;
		size_t words = bytes / WORD_BYTES;

		copy_skewed((word *)at, (const word *)(source - skew), words, skew);
		at += words * WORD_BYTES;
		source += words * WORD_BYTES;
		bytes %= WORD_BYTES;
	}
	while (bytes--) {
		*at++ = *source++;
	}
	return to;
}
