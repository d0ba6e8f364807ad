/* SPDX-License-Identifier: MIT
 * irq_plic_test.c: the interrupt controller: routing, priorities, numbers out of range.
 *
 * links: kern/dev/irq_plic.c arch/host/mmio.c arch/host/ram.c test/fake/plic.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "kern/dev/irq_plic.h"
#include "lib/base/checked.h"
#include "test/fake/plic.h"

#define LAST     FAKE_PLIC_SOURCES
#define CONTEXTS FAKE_PLIC_CONTEXTS

static struct fake_plic chip;
static struct plic plic;

static int
plug(void **unused)
{
	(void)unused;
	fake_plic_plug(&chip);
	int error = plic_init(&plic, FAKE_PLIC_BASE, FAKE_PLIC_BYTES, FAKE_PLIC_SOURCES);

	for (uint32_t context = 0; context < CONTEXTS && !error; context++) {
		error = plic_context_init(&plic, context);
	}
	return error;
}

static void
what_the_firmware_left_is_off(void **unused)
{
	(void)unused;
	assert_int_equal(plic.contexts, CONTEXTS);
	for (uint32_t source = 1; source <= LAST; source++) {
		chip.line[source] = true;
		assert_int_equal(plic_set_priority(&plic, source, 1), 0);
	}
	for (uint32_t context = 0; context < CONTEXTS; context++) {
		assert_false(fake_plic_interrupts(&chip, context));
		assert_int_equal(plic_claim(&plic, context), 0);
	}
}

static void
each_source_reaches_its_context_only(void **unused)
{
	(void)unused;
	for (uint32_t source = 1; source <= LAST; source++) {
		uint32_t target = source % CONTEXTS;

		assert_int_equal(plic_enable(&plic, target, source, true), 0);
		chip.line[source] = true;
		assert_false(fake_plic_interrupts(&chip, target)); /* priority 0 */
		assert_int_equal(plic_set_priority(&plic, source, 1), 0);
		for (uint32_t context = 0; context < CONTEXTS; context++) {
			assert_int_equal(fake_plic_interrupts(&chip, context), context == target);
		}
		assert_int_equal(plic_claim(&plic, target), source);
		assert_false(fake_plic_interrupts(&chip, target)); /* being served */
		plic_complete(&plic, target, source);
		assert_true(fake_plic_interrupts(&chip, target)); /* the line is still up */
		assert_int_equal(plic_enable(&plic, target, source, false), 0);
		assert_false(fake_plic_interrupts(&chip, target));
		chip.line[source] = false;
	}
}

static void
neighbours_stay_enabled(void **unused)
{
	(void)unused;
	for (uint32_t source = 1; source <= LAST; source++) {
		assert_int_equal(plic_enable(&plic, 3, source, true), 0);
	}
	assert_int_equal(plic_enable(&plic, 3, 33, false), 0);
	for (uint32_t source = 1; source <= LAST; source++) {
		assert_int_equal(chip.enable[3][source / 32] >> (source % 32) & 1, source != 33);
	}
}

static void
higher_priority_comes_first(void **unused)
{
	(void)unused;
	const uint32_t sources[] = {7, 31, 32, LAST};

	for (unsigned i = 0; i < ARRAY_SIZE(sources); i++) {
		plic_enable(&plic, 2, sources[i], true);
		plic_set_priority(&plic, sources[i], i + 1);
		chip.line[sources[i]] = true;
	}
	for (unsigned i = ARRAY_SIZE(sources); i--;) {
		assert_int_equal(plic_claim(&plic, 2), sources[i]);
	}
	assert_int_equal(plic_claim(&plic, 2), 0);
}

static void
numbers_out_of_range_touch_nothing(void **unused)
{
	(void)unused;
	const uint32_t sources[] = {0, LAST + 1, 1023, 1024, UINT32_MAX};
	const uint32_t contexts[] = {CONTEXTS, 15871, 15872, 0x100000, UINT32_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(sources); i++) {
		assert_int_equal(plic_enable(&plic, 0, sources[i], true), E_RANGE);
		assert_int_equal(plic_set_priority(&plic, sources[i], 1), E_RANGE);
		plic_complete(&plic, 0, sources[i]);
		assert_int_equal(plic_enable(&plic, contexts[i], 1, true), E_RANGE);
		assert_int_equal(plic_context_init(&plic, contexts[i]), E_RANGE);
		assert_int_equal(plic_claim(&plic, contexts[i]), 0);
		plic_complete(&plic, contexts[i], 1);
	}
}

static void
a_claim_is_checked(void **unused)
{
	(void)unused;
	const uint32_t lies[] = {LAST + 1, 1024, 0x80000000, UINT32_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		chip.lie = lies[i];
		assert_int_equal(plic_claim(&plic, 0), 0);
	}
}

static void
impossible_controllers_are_refused(void **unused)
{
	(void)unused;
	struct plic p;

	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE, FAKE_PLIC_BYTES, 0), E_INVAL);
	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE, FAKE_PLIC_BYTES, 1024), E_INVAL);
	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE, FAKE_PLIC_BYTES, UINT32_MAX), E_INVAL);
	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE, 0x200fff, 8), E_INVAL);
	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE, 0, 8), E_INVAL);
	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE + 1, FAKE_PLIC_BYTES, 8), E_INVAL);
	assert_int_equal(plic_init(&p, FAKE_PLIC_BASE, UINT64_MAX, 8), 0);
	assert_int_equal(p.contexts, PLIC_CONTEXTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_the_firmware_left_is_off, plug),
		cmocka_unit_test_setup(each_source_reaches_its_context_only, plug),
		cmocka_unit_test_setup(neighbours_stay_enabled, plug),
		cmocka_unit_test_setup(higher_priority_comes_first, plug),
		cmocka_unit_test_setup(numbers_out_of_range_touch_nothing, plug),
		cmocka_unit_test_setup(a_claim_is_checked, plug),
		cmocka_unit_test_setup(impossible_controllers_are_refused, plug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
