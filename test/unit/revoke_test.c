/* SPDX-License-Identifier: MIT
 * revoke_test.c: revocation where it is hardest: what waits, resists, shrinks, or owes a fence.
 *
 * links: kern/cap.c kern/sibling.c kern/revoke.c kern/cap_waiting.c kern/cap_check.c
 * links: test/unit/cap_tree.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/cap_tree.h"

/* 0 with 8 children, each with 3 shares, each bound twice. */
static void
plant_bush(void)
{
	plant(EXO_CAP_FRAME);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(carve(0, 1 + i, START + (uint64_t)i * 8, 8), 0);
		for (int k = 0; k < 3; k++) {
			int leaf = 10 + i * 3 + k;
			assert_int_equal(share(1 + i, leaf), 0);
			bind(leaf, i * 6 + k * 2, false);
			bind(leaf, i * 6 + k * 2 + 1, false);
		}
	}
}

static void
test_range(void **state)
{
	(void)state;
	plant_bush();
	assert_int_equal(revoke(0, START + 7, 10, 40), 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(slot_is_empty(slot(1 + i)), i < 3);
	}
	assert_int_equal(tree.revocations, 0);
	assert_int_equal(revoke_step(slot(4), START + 24, 1), E_RANGE);
	assert_int_equal(revoke_step(slot(0), START - 1, 2), E_RANGE);
	assert_int_equal(revoke_step(slot(0), START, COUNT + 1), E_RANGE);
	assert_int_equal(revoke_step(slot(0), START + 1, UINT64_MAX), E_RANGE);
	assert_int_equal(revoke(0, START, 24, 1), 0);
	while (cap_drop_step(&tree, slot(0)) == CAP_AGAIN) {
		sound();
	}
	assert_true(slot_is_empty(slot(0)));
	for (int i = 0; i < 34; i++) {
		assert_true(slot_is_empty(slot(i)));
	}
}

/* What waits for a device stays, with all above it; everything else goes, and the rest when the
 * device has finished. */
static void
test_busy(void **state)
{
	static const int waiting[] = {0, 7, 20, 21, 33};

	(void)state;
	plant_bush();
	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		is_busy[waiting[i]] = true;
	}
	bind(4, 60, false); /* above waiting ones: goes though they stay */
	assert_int_equal(revoke(0, 0, 0, 200), E_BUSY);
	assert_int_equal(tree.revocations, 0);
	/* how many are counted, in all and in parts */
	assert_int_equal(cap_waiting(&tree, slot(0), 0, 0), 5);
	assert_int_equal(cap_waiting(&tree, slot(0), START, COUNT), 5);
	assert_int_equal(cap_waiting(&tree, slot(0), START, 16), 2);
	assert_int_equal(cap_waiting(&tree, slot(0), START + 8, 1), 1);
	assert_int_equal(cap_waiting(&tree, slot(0), START + 16, 8), 0);
	assert_int_equal(cap_waiting(&tree, slot(0), START + 31, 2), 2);
	assert_int_equal(cap_waiting(&tree, slot(4), 0, 0), 2);
	assert_int_equal(cap_waiting(&tree, slot(20), 0, 0), 2);
	assert_int_equal(slot(4)->bindings, 0);
	for (int i = 0; i < 24; i++) {
		bool waits = i == 0 || i == 3 || i == 10 || i == 16;
		assert_int_equal(slot_is_empty(slot(10 + i)), !waits);
	}
	assert_int_equal(slot_is_empty(slot(1)), false);
	assert_int_equal(slot_is_empty(slot(3)), true);
	assert_int_equal(share(4, 50), 0);
	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		assert_int_equal(revoke(0, 0, 0, 200), E_BUSY);
		is_busy[waiting[i]] = false;
	}
	assert_int_equal(revoke(0, 0, 0, 200), 0);
	assert_int_equal(slot(0)->child, 0);
}

/* Each of many that wait is tried again sooner or later, though a call ends at the first one. */
static void
test_busy_turns(void **state)
{
	int tries = 0;

	(void)state;
	plant(EXO_CAP_FRAME);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(share(0, 1 + i), 0);
		bind(1 + i, i, true);
	}
	assert_int_equal(revoke(0, 0, 0, 100), E_BUSY);
	is_busy[17] = false;
	while (!slot_is_empty(slot(18))) {
		assert_true(tries++ < 100);
		assert_int_equal(revoke(0, 0, 0, 100), E_BUSY);
	}
}

/* However often they are tried, the siblings that wait stay balanced: 2 log2(60 + 1). */
static void
test_busy_balance(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(share(0, 1 + i), 0);
		bind(1 + i, i, true);
	}
	for (int i = 0; i < 60 * 4; i++) {
		assert_int_equal(revoke(0, 0, 0, 100), E_BUSY);
	}
	assert_in_range(height(&tree, slot(0)), 6, 11);
}

/* Of a range that waits as well: what does not wait goes in one call, wherever it stands; who
 * forgets how far it has come begins again. */
static void
test_busy_range(void **state)
{
	uint64_t from = 0;

	(void)state;
	plant_bush();
	is_busy[0] = is_busy[12] = is_busy[13] = true;
	assert_int_equal(revoke(0, START, COUNT - 8, 200), E_BUSY);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(slot_is_empty(slot(1 + i)), i != 0 && i != 2 && i != 7);
	}
	assert_int_equal(cap_revoke_step(&tree, slot(0), START, COUNT, &from), CAP_AGAIN);
	assert_int_equal(from, START + 8);
	assert_int_equal(cap_revoke_step(&tree, slot(0), START, 16, &(uint64_t){0}), E_BUSY);
	is_busy[12] = is_busy[13] = false;
	assert_int_equal(revoke(0, START, COUNT - 8, 200), E_BUSY);
	assert_true(slot_is_empty(slot(3)));
	is_busy[0] = false;
	assert_int_equal(revoke(0, START, COUNT, 200), 0);
	assert_int_equal(slot(0)->child, 0);
}

/* While a drop waits, each further step is one try and says so: who goes on with many in turn comes
 * to the last. What stops waiting is found sooner or later. */
static void
test_busy_stays(void **state)
{
	int tries = 0;

	(void)state;
	plant_bush();
	for (int i = 0; i < 48; i++) {
		is_busy[i] = true;
	}
	assert_int_equal(carve(0, 9, START, 1), E_TAKEN);
	assert_int_equal(drop(0, 200), E_BUSY);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(drop(0, 1), E_BUSY);
	}
	is_busy[20] = is_busy[21] = false;
	while (!slot_is_empty(slot(20))) {
		assert_true(tries++ < 100);
		drop(0, 3);
	}
}

/* Somebody who revokes below all the time, at every place, and stops in the middle, cannot hold up
 * who revokes above. */
static void
test_busy_below(void **state)
{
	int steps = 0;

	(void)state;
	plant_bush();
	for (int i = 0; i < 48; i++) {
		is_busy[i] = i < 36 && i % 7;
	}
	while (cap_revoke_step(&tree, slot(0), 0, 0, &(uint64_t){0}) == CAP_AGAIN) {
		assert_true(steps++ < 200);
		for (int c = 1; c < 9; c++) {
			if (!slot_is_empty(slot(c))) {
				revoke(c, 0, 0, 100);
				revoke_step(slot(c), 0, 0);
			}
		}
	}
	for (int i = 0; i < 24; i++) {
		assert_int_equal(slot_is_empty(slot(10 + i)),
				 !is_busy[i * 2] && !is_busy[i * 2 + 1]);
	}
}

/* A drop that must wait keeps its mark: nobody can use the capability, and its holder cannot take
 * the mark off. */
static void
test_drop_waits(void **state)
{
	(void)state;
	plant_bush();
	is_busy[0] = true;
	assert_int_equal(drop(1, 100), E_BUSY);
	assert_int_equal(tree.revocations, 1);
	assert_int_equal(cap_usable(&tree, slot(1)), E_REVOKED);
	assert_int_equal(share(1, 60), E_REVOKED);
	assert_int_equal(cap_move(&tree, slot(10), slot(60)), E_REVOKED);
	assert_int_equal(cap_usable(&tree, slot(2)), 0);
	assert_int_equal(revoke(1, 0, 0, 100), E_BUSY);
	is_busy[0] = false;
	assert_int_equal(revoke(1, 0, 0, 100), 0);
	assert_int_equal(cap_usable(&tree, slot(1)), E_REVOKED);
	assert_int_equal(drop(1, 1), 0);
	assert_int_equal(tree.revocations, 0);
}

/* Waiting for another hart is no reason to give up, nor to take the mark off. */
static void
test_late(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	bind(0, 0, false);
	unbinds_late = 5;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(revoke_step(slot(0), 0, 0), CAP_AGAIN);
		assert_int_equal(cap_usable(&tree, slot(0)), E_REVOKED);
	}
	assert_int_equal(revoke_step(slot(0), 0, 0), 0);
}

/* A holder that revokes and derives all the time cannot hold up the revocation of a range above it.
 */
static void
test_holder_resists(void **state)
{
	int result, steps = 0;

	(void)state;
	plant(EXO_CAP_FRAME);
	assert_int_equal(carve(0, 1, START, 8), 0);
	do {
		for (int i = 0; i < 6; i++) {
			revoke_step(slot(1), 0, 0);
			share(1, 2 + i);
		}
		result = revoke_step(slot(0), START, 1);
		assert_true(++steps < 10);
	} while (result == CAP_AGAIN);
	assert_int_equal(result, 0);
	assert_true(slot_is_empty(slot(1)));
}

/* A capability cannot shrink out of the range that is being revoked, nor become an object there. */
static void
test_trim_revoked(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	assert_int_equal(carve(0, 1, START, 8), 0);
	bind(1, 0, true);
	assert_int_equal(revoke(0, START, 1, 10), E_BUSY);
	bind_unlink(&tree, node(0));
	assert_int_equal(cap_trim(&tree, slot(1), START + 4, 4), E_REVOKED);
	assert_int_equal(cap_object(&tree, slot(1), slot(2), EXO_CAP_ENV), E_REVOKED);
	assert_int_equal(revoke(0, START, 1, 10), 0);
}

static bool is_fenced;
static int fences_late = 1;

static bool
fenced(struct captree *t)
{
	(void)t;
	return is_fenced;
}

static bool
fenced_late(struct captree *t)
{
	(void)t;
	return fences_late-- <= 0;
}

static void
test_fence(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	tree.fenced = fenced;
	tree.owed = 1;
	is_fenced = true;
	assert_int_equal(carve(0, 1, START, 8), 0);
	tree.broken = true;
	assert_int_equal(cap_drop_step(&tree, slot(1)), CAP_AGAIN);
	assert_int_equal(revoke_step(slot(0), 0, 0), CAP_AGAIN);
	assert_int_equal(revoke_step(slot(0), START, 1), CAP_AGAIN);
	assert_int_equal(revoke_step(slot(0), START + 8, 1), CAP_AGAIN);
	tree.broken = false;
	is_fenced = false;
	assert_int_equal(cap_drop_step(&tree, slot(1)), CAP_AGAIN);
	assert_int_equal(cap_usable(&tree, slot(1)), E_REVOKED);
	/* The other hart may be done between two looks. */
	is_fenced = true;
	tree.fenced = fenced_late;
	assert_int_equal(cap_drop_step(&tree, slot(1)), 0);
	assert_true(slot_is_empty(slot(1)));
	assert_int_equal(revoke_step(slot(0), 0, 0), 0);
	assert_int_equal(tree.revocations, 0);
}

/* A bound capability of a type that nothing can be bound to is our own mistake. */
static void
test_panics(void **state)
{
	(void)state;
	plant(EXO_CAP_PACKET);
	bind(0, 0, false);
	if (!setjmp(panicked)) {
		revoke_step(slot(0), 0, 0);
		fail_msg("no panic for a binding that cannot be broken");
	}
	if (!setjmp(panicked)) {
		cap_root(&tree, slot(0), EXO_CAP_FRAME, 0, 0, 1);
		fail_msg("no panic for a root in a full slot");
	}
	if (!setjmp(panicked)) {
		cap_root(&tree, slot(1), EXO_CAP_FRAME, 0, UINT64_MAX, 1);
		fail_msg("no panic for a root that wraps around");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_range, zero_is_untouched),
		cmocka_unit_test_teardown(test_busy, zero_is_untouched),
		cmocka_unit_test_teardown(test_busy_turns, zero_is_untouched),
		cmocka_unit_test_teardown(test_busy_balance, zero_is_untouched),
		cmocka_unit_test_teardown(test_busy_range, zero_is_untouched),
		cmocka_unit_test_teardown(test_busy_stays, zero_is_untouched),
		cmocka_unit_test_teardown(test_busy_below, zero_is_untouched),
		cmocka_unit_test_teardown(test_drop_waits, zero_is_untouched),
		cmocka_unit_test_teardown(test_late, zero_is_untouched),
		cmocka_unit_test_teardown(test_holder_resists, zero_is_untouched),
		cmocka_unit_test_teardown(test_trim_revoked, zero_is_untouched),
		cmocka_unit_test_teardown(test_fence, zero_is_untouched),
		cmocka_unit_test_teardown(test_panics, zero_is_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
