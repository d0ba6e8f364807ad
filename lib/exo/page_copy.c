/* SPDX-License-Identifier: MIT
 * page_copy.c: copy a page in little more than a load and a store for each word.
 *
 * The compiler is told (build.mk) not to turn this into a call of memcpy.
 */
#include "lib/exo/page_copy.h"

#include <exo/types.h>

#include <stdint.h>

#define TURN 8 /* words that are in registers at a time */

/* Words that may alias objects of any type, as a memory function must. */
typedef uint64_t __attribute__((may_alias)) word;

static inline void
copy_words(word *to, const word *from)
{
	word turn[TURN];

#pragma GCC unroll 8
	for (int i = 0; i < TURN; i++) {
		turn[i] = from[i];
	}
#pragma GCC unroll 8
	for (int i = 0; i < TURN; i++) {
		to[i] = turn[i];
	}
}

void
exo_page_copy(void *to, const void *from)
{
	word *at = to;
	const word *source = from;

	for (const word *end = at + EXO_PAGE_SIZE / sizeof(word); at < end; at += 4 * TURN) {
		copy_words(at, source);
		copy_words(at + TURN, source + TURN);
		copy_words(at + 2 * TURN, source + 2 * TURN);
		copy_words(at + 3 * TURN, source + 3 * TURN);
		source += 4 * TURN;
	}
}
