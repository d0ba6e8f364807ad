/* SPDX-License-Identifier: MIT
 * canon_test.c: canonical forms by hand: one kind of filter, one form, however it was written.
 *
 * links: kern/net/canon.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "kern/net/canon.h"
#include "lib/base/checked.h"

#define COMPARE(o, w, m, v)                                                                        \
	{                                                                                          \
		.kind = EXO_ATOM_COMPARE, .width = (w), .offset = (o), .mask = (m), .value = (v)   \
	}
#define SHIFT(o, w, m, s)                                                                          \
	{                                                                                          \
		.kind = EXO_ATOM_SHIFT, .width = (w), .offset = (o), .mask = (m), .scale = (s)     \
	}
#define MAKE(c, own) canon_make(c, NULL, 0, own, ARRAY_SIZE(own))
#define IHL          SHIFT(14, 1, 0xf, 2)

static void
assert_test(const struct filter_test *t, int offset, uint32_t width, uint64_t mask, uint64_t value)
{
	assert_int_equal(t->field.kind, TEST_COMPARE);
	assert_int_equal(t->field.offset, offset);
	assert_int_equal(t->field.width, width);
	assert_int_equal(t->mask, mask);
	assert_int_equal(t->value, value);
}

/* TCP to 10.0.2.15, port 80, without options: four words, the last has address and port. */
static void
one_form(void **state)
{
	const struct exo_atom plain[] = {
		COMPARE(12, 2, 0xffff, 0x0800),  COMPARE(14, 1, 0xff, 0x45),
		COMPARE(20, 2, 0x3fff, 0),       COMPARE(23, 1, 0xff, 6),
		COMPARE(30, 4, ~0u, 0x0a00020f), COMPARE(36, 2, 0xffff, 80),
	};
	const struct exo_atom other[] = {
		COMPARE(33, 1, 0xff, 0x0f), COMPARE(22, 2, 0xff, 6),
		COMPARE(20, 1, 0x3f, 0),    COMPARE(12, 4, 0xffffff00, 0x08004500),
		COMPARE(21, 1, 0xff, 0),    IHL,
		COMPARE(16, 2, 0xffff, 80), COMPARE(10, 2, 0xffff, 0x0a00),
		COMPARE(12, 1, 0xff, 2),
	};
	struct canon a, b;

	(void)state;
	assert_int_equal(MAKE(&a, plain), 0);
	assert_int_equal(MAKE(&b, other), 0);
	assert_int_equal(a.count, 4);
	assert_test(&a.test[0], 12, 2, 0xffff, 0x0008);
	assert_test(&a.test[1], 14, 8, 0xff3f0000000000fful, 0x45);
	assert_test(&a.test[2], 23, 1, 0xff, 6);
	assert_test(&a.test[3], 30, 8, 0xffff0000fffffffful, 0x500000000f02000aul);
	assert_int_equal(a.test[3].field.end, 38);
	assert_int_equal(a.need_bytes, 38);
	assert_int_equal(b.count, 4);
	assert_memory_equal(a.test, b.test, 4 * sizeof(a.test[0]));
}

/* Behind a shift that says nothing, words are as wide as its steps; and the bytes of zero mask that
 * the shift reads are not read. */
static void
shifted(void **state)
{
	const struct exo_atom ports[] = {IHL, COMPARE(14, 4, ~0u, 0x03e80050)};
	const struct exo_atom bytes[] = {SHIFT(13, 2, 0x0f, 0), COMPARE(14, 2, 0xffff, 0x0102)};
	struct canon c;

	(void)state;
	assert_int_equal(MAKE(&c, ports), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.test[0].field.kind, TEST_SHIFT);
	assert_int_equal(c.test[0].field.scale, 2);
	assert_test(&c.test[1], 14, 4, 0xffffffff, 0x5000e803);
	assert_int_equal(MAKE(&c, bytes), 0);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.test[0].field.offset, 14);
	assert_int_equal(c.test[0].field.width, 1);
	assert_test(&c.test[1], 14, 1, 0xff, 1);
	assert_test(&c.test[2], 15, 1, 0xff, 2);
}

/* What the parent fixes is not tested again, and folds the child's shift. */
static void
below_a_parent(void **state)
{
	const struct exo_atom parent[] = {COMPARE(12, 4, 0xffffff00, 0x08004500)};
	const struct exo_atom own[] = {COMPARE(12, 2, 0xffff, 0x0800), IHL,
				       COMPARE(16, 2, 0xffff, 80)};
	const struct exo_atom same[] = {COMPARE(14, 1, 0x0f, 5)};
	struct canon c;

	(void)state;
	assert_int_equal(canon_make(&c, parent, 1, own, ARRAY_SIZE(own)), 0);
	assert_int_equal(c.known_bytes, 16);
	assert_int_equal(c.need_bytes, 38);
	assert_int_equal(c.count, 1);
	assert_test(&c.test[0], 36, 2, 0xffff, 0x5000);
	assert_int_equal(canon_make(&c, parent, 1, same, 1), 0);
	assert_int_equal(c.count, 0);
}

/* Bytes under a mask of 0 must exist all the same. */
static void
lengths(void **state)
{
	const struct exo_atom zero[] = {COMPARE(40, 4, 0, 0)};
	const struct exo_atom half[] = {COMPARE(12, 4, 0xffff0000, 0x08000000)};
	const struct exo_atom moved[] = {SHIFT(0, 2, 0, 0), COMPARE(0, 1, 0, 0)};
	const struct exo_atom twice[] = {COMPARE(0, 1, 0xff, 9), SHIFT(0, 1, 0xff, 2),
					 SHIFT(0, 1, 0xff, 0)};
	struct canon c;

	(void)state;
	assert_int_equal(MAKE(&c, zero), 0);
	assert_int_equal(c.count, 1);
	assert_test(&c.test[0], 43, 1, 0, 0);
	assert_int_equal(c.test[0].field.end, 44);
	assert_int_equal(MAKE(&c, half), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.test[0].field.end, 14);
	assert_int_equal(c.test[1].field.end, 16);
	assert_int_equal(MAKE(&c, moved), 0);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.test[0].field.end, 2);
	assert_int_equal(MAKE(&c, twice), 0); /* 36 bytes behind the second base as well */
	assert_int_equal(c.count, 3);
	assert_int_equal(c.test[1].field.kind, TEST_SHIFT);
	assert_int_equal(c.test[1].field.offset, 36);
	assert_test(&c.test[2], 35, 1, 0, 0);
	assert_int_equal(canon_make(&c, zero, 1, half, 1), 0);
	assert_int_equal(c.count, 1);
}

static void
refused(void **state)
{
	const struct exo_atom clash[] = {COMPARE(12, 2, 0xffff, 0x0800), COMPARE(13, 1, 1, 1)};
	const struct exo_atom far[] = {COMPARE(2040, 8, 1, 1)};
	const struct exo_atom near[] = {COMPARE(2039, 8, 1, 1)};
	const struct exo_atom folded_far[] = {COMPARE(0, 1, 0xff, 0xff), SHIFT(0, 1, 0xff, 4),
					      COMPARE(0, 1, 1, 1)};
	const struct exo_atom backwards[] = {SHIFT(0, 8, ~0ul, 0)};
	struct exo_atom scattered[EXO_ATOMS_MAX];
	struct canon c;

	(void)state;
	assert_int_equal(MAKE(&c, clash), E_INVAL);
	assert_int_equal(canon_make(&c, clash, 1, clash + 1, 1), E_INVAL);
	assert_int_equal(MAKE(&c, far), E_RANGE);
	assert_int_equal(MAKE(&c, near), 0);
	assert_int_equal(MAKE(&c, folded_far), E_RANGE);
	assert_int_equal(MAKE(&c, backwards), E_RANGE);
	for (uint32_t i = 0; i < EXO_ATOMS_MAX; i++) {
		scattered[i] = (struct exo_atom)COMPARE((uint16_t)(64 * i), 8, ~0ul, 1);
	}
	assert_int_equal(canon_make(&c, NULL, 0, scattered, 12), 0);
	assert_int_equal(c.count, 24);
	assert_int_equal(canon_make(&c, NULL, 0, scattered, 13), E_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_form),       cmocka_unit_test(shifted),
		cmocka_unit_test(below_a_parent), cmocka_unit_test(lengths),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
