/* SPDX-License-Identifier: MIT
 * exo_slotset_test.c: the set of free slots against an array of flags, with random operations.
 *
 * links: lib/exo/slotset.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/rand.h"
#include "lib/exo/slotset.h"

static struct exo_slotset set;
static uint8_t model[EXO_SLOTS_MAX];

static void
reset(void **state)
{
	(void)state;
	set = (struct exo_slotset){0};
	for (int i = 0; i < EXO_SLOTS_MAX; i++) {
		model[i] = 0;
	}
}

static int64_t
model_take(void)
{
	for (int i = 0; i < EXO_SLOTS_MAX; i++) {
		if (model[i]) {
			model[i] = 0;
			return i;
		}
	}
	return E_NOSPACE;
}

static void
model_add(uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end && i < EXO_SLOTS_MAX; i++) {
		model[i] = i != 0;
	}
}

static void
empty_set_has_no_slot(void **state)
{
	reset(state);
	assert_int_equal(exo_slotset_take(&set), E_NOSPACE);
}

static void
slot_zero_is_never_given_out(void **state)
{
	reset(state);
	exo_slotset_add(&set, 0, 3);
	assert_int_equal(set.free, 2);
	assert_int_equal(exo_slotset_take(&set), 1);
	assert_int_equal(exo_slotset_take(&set), 2);
	assert_int_equal(exo_slotset_take(&set), E_NOSPACE);
}

static void
a_freed_slot_comes_first_again(void **state)
{
	reset(state);
	exo_slotset_add(&set, 5, 70);
	assert_int_equal(exo_slotset_take(&set), 5);
	assert_int_equal(exo_slotset_take(&set), 6);
	exo_slotset_add(&set, 5, 6);
	exo_slotset_add(&set, 5, 6);
	assert_int_equal(set.free, 64);
	assert_int_equal(exo_slotset_take(&set), 5);
	assert_int_equal(exo_slotset_take(&set), 7);
}

static void
random_operations_match_the_model(void **state)
{
	uint64_t seed = 7;

	reset(state);
	for (int i = 0; i < 20000; i++) {
		if (rand_below(&seed, 3) == 0) {
			uint32_t first = (uint32_t)rand_below(&seed, EXO_SLOTS_MAX);
			uint32_t end = first + (uint32_t)rand_below(&seed, 6);

			exo_slotset_add(&set, first, end);
			model_add(first, end);
		} else {
			assert_int_equal(exo_slotset_take(&set), model_take());
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_set_has_no_slot),
		cmocka_unit_test(slot_zero_is_never_given_out),
		cmocka_unit_test(a_freed_slot_comes_first_again),
		cmocka_unit_test(random_operations_match_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
