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

/* Where the two are never aligned at the same time. Apart, so that the others need not save
 * registers for it. */
static __attribute__((noinline)) void *
copy_unlike(void *restrict to, const void *restrict from, size_t bytes)
{
	unsigned char *at = to;
	const unsigned char *source = from;

	if (bytes >= WORDS_LEAST) {
		for (; (uintptr_t)at % WORD_BYTES; bytes--) {
			*at++ = *source++;
		}
		unsigned int skew = (uintptr_t)source % WORD_BYTES;
		size_t words = bytes / WORD_BYTES;

		words_copy_shifted((word *)at, (const word *)(source - skew), 8 * skew, words);
		at += words * WORD_BYTES;
		source += words * WORD_BYTES;
		bytes %= WORD_BYTES;
	}
	while (bytes--) {
		*at++ = *source++;
	}
	return to;
}

void *
memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	if (bytes >= WORDS_LEAST && ((uintptr_t)to - (uintptr_t)from) % WORD_BYTES == 0) {
		words_copy_alike(to, from, bytes);
		return to;
	}
	return copy_unlike(to, from, bytes);
}
