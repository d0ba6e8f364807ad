/* SPDX-License-Identifier: MIT
 * exo_memcpy_test.c: the user programs' memcpy, under another name, against a byte loop.
 *
 * Words at the ends of a source are read whole, so the buffers have margins.
 */
#define memcpy words_memcpy
#include "lib/exo/memcpy.c"
#undef memcpy

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MARGIN 64
#define MOST   200

static unsigned char source[MOST + 2 * MARGIN];
static unsigned char copy[sizeof(source)];
static unsigned char expected[sizeof(source)];

static void
fill(unsigned int seed)
{
	for (size_t i = 0; i < sizeof(source); i++) {
		seed = seed * 1103515245 + 12345;
		source[i] = (unsigned char)(seed >> 16);
		copy[i] = expected[i] = (unsigned char)(seed >> 24);
	}
}

/* Every length, every pair of alignments; bytes before and behind stay as they are. */
static void
copies_exactly(void **unused)
{
	(void)unused;
	for (size_t bytes = 0; bytes <= MOST; bytes++) {
		for (size_t pair = 0; pair < 64; pair++) {
			size_t to = MARGIN + pair / 8;
			size_t from = MARGIN + pair % 8;

			fill((unsigned int)(bytes * 64 + pair));
			for (size_t i = 0; i < bytes; i++) {
				expected[to + i] = source[from + i];
			}
			assert_ptr_equal(words_memcpy(copy + to, source + from, bytes), copy + to);
			assert_memory_equal(copy, expected, sizeof(copy));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
