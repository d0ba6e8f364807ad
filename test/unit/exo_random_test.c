/* SPDX-License-Identifier: MIT
 * exo_random_test.c: the random bytes of a program against the block function that they are made
 * of (exo_chacha_test.c has its vectors).
 *
 * links: lib/exo/random.c lib/exo/chacha.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/exo/chacha.h"
#include "lib/exo/random.h"

static const uint8_t nonce[CHACHA_NONCE_BYTES];
static uint8_t key[CHACHA_KEY_BYTES]; /* what the library's should be */

static const uint8_t *
block(void)
{
	static uint8_t made[CHACHA_BLOCK_BYTES];

	chacha_block(key, 0, nonce, made);
	memcpy(key, made, sizeof(key));
	return made + sizeof(key);
}

static void
draws(void **state)
{
	uint8_t drawn[75];

	(void)state;
	for (size_t bytes = 0; bytes <= sizeof(drawn); bytes++) {
		exo_random(drawn, bytes);
		for (size_t at = 0; at < bytes; at += 32) {
			size_t part = bytes - at < 32 ? bytes - at : 32;

			assert_memory_equal(drawn + at, block(), part);
		}
	}
}

/* Any number of bytes, in pieces of 32. */
static void
stirring(void **state)
{
	uint8_t seed[70];
	uint8_t drawn[32];

	(void)state;
	for (size_t i = 0; i < sizeof(seed); i++) {
		seed[i] = (uint8_t)(3 * i + 1);
	}
	for (size_t bytes = 0; bytes <= sizeof(seed); bytes++) {
		exo_random_stir(seed, bytes);
		for (size_t i = 0; i < bytes; i++) {
			key[i % 32] ^= seed[i];
			if (i % 32 == 31 || i == bytes - 1) {
				block();
			}
		}
		exo_random(drawn, sizeof(drawn));
		assert_memory_equal(drawn, block(), sizeof(drawn));
	}
}

/* The same piece twice does not take itself away. */
static void
twice(void **state)
{
	uint8_t seed[32] = {1, 2, 3};
	uint8_t before[32], after[32];

	(void)state;
	exo_random(before, sizeof(before));
	exo_random_stir(seed, sizeof(seed));
	exo_random_stir(seed, sizeof(seed));
	exo_random(after, sizeof(after));
	assert_memory_not_equal(before, after, sizeof(before));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws),
		cmocka_unit_test(stirring),
		cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
