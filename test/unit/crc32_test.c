/* SPDX-License-Identifier: MIT
 * crc32_test.c: CRC-32 against its definition, bit by bit, and the published check value.
 *
 * links: lib/base/crc32.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/crc32.h"
#include "lib/base/rand.h"

static uint32_t
crc32_by_bits(const uint8_t *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (size_t bit = 0; bit < bytes * 8; bit++) {
		uint32_t out = (crc ^ (uint32_t)(data[bit / 8] >> bit % 8)) & 1;

		crc = crc >> 1 ^ (out ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void
test_crc32(void **state)
{
	uint8_t data[300];
	uint64_t seed = 1;

	(void)state;
	assert_int_equal(crc32_update(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_update(0, "", 0), 0);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)rand_next(&seed);
	}
	for (size_t bytes = 0; bytes <= sizeof(data); bytes++) {
		uint32_t whole = crc32_update(0, data, bytes);
		uint32_t half = crc32_update(0, data, bytes / 2);

		assert_int_equal(whole, crc32_by_bits(data, bytes));
		assert_int_equal(crc32_update(half, data + bytes / 2, bytes - bytes / 2), whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_crc32)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
