/* SPDX-License-Identifier: MIT
 * symbols_test.c: which function an address belongs to.
 *
 * links: lib/base/symbols.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/symbols.h"

static const uint32_t offsets[] = {0x40, 0x44, 0x100};
static const struct symbols three = {3, offsets, "start\0a\0last"};

static void
expect(uint64_t offset, const char *name, uint64_t begins)
{
	uint64_t start = 0;

	assert_string_equal(symbols_find(&three, offset, &start), name);
	assert_int_equal(start, begins);
}

static void
test_find(void **state)
{
	uint64_t start;

	(void)state;
	assert_null(symbols_find(&three, 0x3f, &start));
	expect(0x40, "start", 0x40);
	expect(0x43, "start", 0x40);
	expect(0x44, "a", 0x44);
	expect(0xff, "a", 0x44);
	expect(0x100, "last", 0x100);
	expect(UINT64_MAX, "last", 0x100);
}

static void
test_empty(void **state)
{
	struct symbols none = {0, offsets, ""};
	uint64_t start;

	(void)state;
	assert_null(symbols_find(&none, 0x40, &start));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
