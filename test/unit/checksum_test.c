/* SPDX-License-Identifier: MIT
 * checksum_test.c: the Internet checksum against the obvious sum, at every alignment and length.
 *
 * links: lib/base/checksum.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checksum.h"

static uint16_t
obvious(const uint8_t *data, int bytes)
{
	uint32_t sum = 0;

	for (int i = 0; i < bytes; i++) {
		sum += (uint32_t)data[i] << (i % 2 * 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static void
test_rfc_1071(void **state)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(checksum_of(data, 8), 0xf2dd);
	assert_int_equal(checksum_of(data, 0), 0);
}

/* The sums 0 and 0xffff are the same number; which one comes out may differ. */
static void
assert_same(uint16_t a, uint16_t b)
{
	assert_int_equal(a % 0xffff, b % 0xffff);
}

static void
fill_and_compare(int value)
{
	static uint8_t memory[256];

	for (int start = 0; start < 16; start++) {
		for (int bytes = 0; bytes < 200; bytes++) {
			uint8_t *copy = malloc((size_t)(start + bytes) + 1);
			assert_non_null(copy);
			for (int i = 0; i < bytes; i++) {
				copy[start + i] = (uint8_t)(value >= 0 ? value : rand());
			}
			memcpy(memory, copy + start, (size_t)bytes);
			assert_same(checksum_of(copy + start, bytes), obvious(memory, bytes));
			free(copy);
		}
	}
}

static void
test_all(void **state)
{
	(void)state;
	fill_and_compare(-1);
	fill_and_compare(0xff);
	fill_and_compare(0);
}

static void
test_long(void **state)
{
	static uint8_t data[65535];

	(void)state;
	memset(data, 0xff, sizeof(data));
	assert_same(checksum_of(data, sizeof(data)), obvious(data, sizeof(data)));
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)rand();
	}
	assert_same(checksum_of(data, sizeof(data)), obvious(data, sizeof(data)));
}

/* Sums near multiples of 0xffff, small and large, and others. */
static void
test_right(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 300000; n++) {
		uint64_t any = n * 0x9e3779b97f4a7c15u;
		uint64_t sums[] = {n, n * 0xffff, n * 0xffff - 1, any, any - any % 0xffff};

		for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
			assert_int_equal(checksum_is_right(sums[i]), sums[i] % 0xffff == 0);
		}
		assert_int_equal(checksum_is_right(any >> 8), checksum_fold(any >> 8) == 0xffff);
	}
	assert_true(checksum_is_right(UINT64_MAX));
	assert_false(checksum_is_right(UINT64_MAX - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_1071),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
