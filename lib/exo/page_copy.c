/* SPDX-License-Identifier: MIT
 * page_copy.c: copy a page in little more than a load and a store for each word.
 *
 * The compiler is told (build.mk) not to turn this into a call of memcpy.
 */
#include "lib/exo/page_copy.h"

#include <exo/types.h>

#include "lib/base/words.h"

#define TURN 8 /* words that are in registers at a time */

void
exo_page_copy(void *to, const void *from)
{
	word *at = to;
	const word *source = from;

	for (const word *end = at + EXO_PAGE_SIZE / sizeof(word); at < end; at += 4 * TURN) {
		words_move(at, source, TURN);
		words_move(at + TURN, source + TURN, TURN);
		words_move(at + 2 * TURN, source + 2 * TURN, TURN);
		words_move(at + 3 * TURN, source + 3 * TURN, TURN);
		source += 4 * TURN;
	}
}
