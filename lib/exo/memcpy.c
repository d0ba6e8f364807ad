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

void *
memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	unsigned char *at = to;
	const unsigned char *source = from;

	if (bytes >= WORDS_LEAST) {
		for (; (uintptr_t)at % WORD_BYTES; bytes--) {
			*at++ = *source++;
		}
		unsigned int skew = (uintptr_t)source % WORD_BYTES;
		size_t words = bytes / WORD_BYTES;

		if (skew) {
			copy_skewed((word *)at, (const word *)(source - skew), words, skew);
		} else {
			words_copy((word *)at, (const word *)source, words);
		}
		at += words * WORD_BYTES;
		source += words * WORD_BYTES;
		bytes %= WORD_BYTES;
	}
	while (bytes--) {
		*at++ = *source++;
	}
	return to;
}
