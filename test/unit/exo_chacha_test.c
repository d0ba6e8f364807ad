/* SPDX-License-Identifier: MIT
 * exo_chacha_test.c: the ChaCha20 block function against the vectors of RFC 8439 (2.3.2 and A.1).
 *
 * links: lib/exo/chacha.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/exo/chacha.h"

static void
the_example_of_the_rfc(void **state)
{
	static const uint8_t nonce[] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
	static const uint8_t expected[] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
		0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
		0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
		0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
		0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	uint8_t key[CHACHA_KEY_BYTES];
	uint8_t block[CHACHA_BLOCK_BYTES];

	(void)state;
	for (int i = 0; i < CHACHA_KEY_BYTES; i++) {
		key[i] = (uint8_t)i;
	}
	chacha_block(key, 1, nonce, block);
	assert_memory_equal(block, expected, sizeof(expected));
}

static void
the_zero_key(void **state)
{
	static const uint8_t zero[CHACHA_KEY_BYTES];
	static const uint8_t expected[] = {
		0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
		0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28,
	};
	uint8_t block[CHACHA_BLOCK_BYTES];

	(void)state;
	chacha_block(zero, 0, zero, block);
	assert_memory_equal(block, expected, sizeof(expected));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc),
		cmocka_unit_test(the_zero_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
