/* SPDX-License-Identifier: MIT
 * death_test.c: how init words the record of an environment's end.
 *
 * links: user/init/death.c lib/base/print.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/init/death.h"

static void
expect(uint64_t kind, uint64_t cause, const char *words)
{
	struct exo_context context = {
		.death = {.kind = kind, .cause = cause, .pc = 0x10234, .tval = 0xffffffffffffffff},
	};
	char text[DEATH_BYTES];

	memset(text, 'x', sizeof(text));
	death_describe(&context, text);
	assert_string_equal(text, words);
}

static void
test_exit(void **state)
{
	(void)state;
	expect(EXO_DEATH_EXIT, 0, "ended with status 0");
	expect(EXO_DEATH_EXIT, 127, "ended with status 127");
	expect(EXO_DEATH_EXIT, UINT64_MAX, "ended with status -1");
}

static void
test_fault(void **state)
{
	(void)state;
	expect(EXO_DEATH_FAULT, 2,
	       "died of an exception: illegal instruction (cause 2), pc 0x10234, "
	       "instruction 0xffffffffffffffff");
	expect(EXO_DEATH_FAULT, 15,
	       "died of an exception: store to a page that is not mapped writable "
	       "(cause 15), pc 0x10234, address 0xffffffffffffffff");
	expect(EXO_DEATH_FAULT, 9,
	       "died of an exception: unknown (cause 9), pc 0x10234, address "
	       "0xffffffffffffffff");
	expect(EXO_DEATH_FAULT, UINT64_MAX,
	       "died of an exception: unknown (cause "
	       "18446744073709551615), pc 0x10234, address "
	       "0xffffffffffffffff");
}

static void
test_others(void **state)
{
	(void)state;
	expect(EXO_DEATH_STOP, 0, "was ended: its memory or capability space was taken away");
	expect(EXO_DEATH_OVERRUN, 1001,
	       "was ended: it ran over the ends of its slices 1001 times, pc 0x10234");
	expect(EXO_DEATH_NONE, 0, "ended in an unknown way (kind 0)");
	expect(77, 0, "ended in an unknown way (kind 77)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
