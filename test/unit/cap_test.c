/* SPDX-License-Identifier: MIT
 * cap_test.c: the capability tree against its model, and cases that random operations seldom meet.
 *
 * 10^5 random operations with revocations under way, all compared after each; LONG=1: 10^6.
 * links: kern/cap.c kern/sibling.c kern/revoke.c kern/cap_check.c test/model/cap_model.c
 * links: test/model/cap_world.c test/model/cap_ops.c test/model/cap_revoker.c
 * links: test/unit/cap_tree.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/rand.h"
#include "test/model/cap_world.h"
#include "test/unit/cap_tree.h"

static uint8_t world_ram[WORLD_PAGES * EXO_PAGE_SIZE] __attribute__((aligned(8192)));
static struct world world;

static uint64_t
draw(void *from, uint64_t limit)
{
	return rand_below(from, limit);
}

static void
test_random(void **state)
{
	uint64_t seed = 7;
	long steps = getenv("LONG") ? 1000000 : 100000;

	(void)state;
	world_init(&world, world_ram);
	for (long i = 0; i < steps; i++) {
		const char *failure = world_step(&world, draw, &seed);
		if (failure) {
			fail_msg("operation %ld: %s", i, failure);
		}
	}
	/* All this means little if some operation never succeeded, or some refusal never came. */
	static const int refusals[] = {E_RANGE, E_RIGHTS, E_BOUND, E_POOL,  E_BADGE, E_REVOKED,
				       E_TYPE,  E_SLOT,   E_TAKEN, E_WHOLE, E_BUSY};
	for (int op = 0; op < OP_COUNT; op++) {
		assert_in_range(world.done[op], steps / 5000, steps);
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		assert_in_range(world.refused[-refusals[i]], steps / 5000, steps);
	}
}

static void
test_names(void **state)
{
	uint64_t way = 0;

	(void)state;
	plant(EXO_CAP_FRAME);
	assert_int_equal(carve(0, 1, START + 8, 4), 0);
	assert_int_equal(carve(0, 2, START, 8), 0);
	assert_int_equal(carve(0, 3, START + 12, COUNT - 12), 0);
	assert_int_equal(cap_carve(&tree, slot(0), slot(4), START + 7, 2, 0xe, 0, &way), E_TAKEN);
	assert_true(way == START + 8 || way == START + 12);
	assert_int_equal(carve(0, 4, START - 1, 2), E_RANGE);
	assert_int_equal(carve(0, 4, START + COUNT - 1, 2), E_RANGE);
	assert_int_equal(carve(0, 4, START, 0), E_RANGE);
	assert_int_equal(carve(0, 4, START + 1, UINT64_MAX), E_RANGE);
	assert_int_equal(carve(0, 4, UINT64_MAX, 2), E_RANGE);
	assert_ptr_equal(cap_child_from(&tree, slot(0), START + 7), slot(2));
	assert_ptr_equal(cap_child_from(&tree, slot(0), START + 8), slot(1));
	assert_ptr_equal(cap_child_from(&tree, slot(0), START + 12), slot(3));
	assert_null(cap_child_from(&tree, slot(0), START + COUNT));
	assert_int_equal(drop(1, 1), 0);
	assert_ptr_equal(cap_child_from(&tree, slot(0), START + 8), slot(3));
	assert_null(cap_child_from(&tree, slot(3), 0));
	assert_null(cap_parent(&tree, slot(0)));
	assert_ptr_equal(cap_parent(&tree, slot(3)), slot(0));
}

static void
test_objects(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	assert_int_equal(carve(0, 1, START + 2, 2), 0);
	assert_int_equal(cap_object(&tree, slot(1), slot(2), EXO_CAP_ENV), 0);
	assert_int_equal(cap_rights(slot(2)), EXO_RIGHTS_ALL);
	assert_int_equal(cap_object(&tree, slot(1), slot(3), EXO_CAP_ENV), E_POOL);
	assert_int_equal(carve(1, 3, START + 2, 1), E_TAKEN);
	assert_int_equal(carve(2, 3, START + 2, 1), E_TYPE);
	assert_int_equal(cap_trim(&tree, slot(2), START + 2, 1), E_TYPE);
	assert_int_equal(cap_share(&tree, slot(2), slot(3), START + 2, 0, EXO_ENV_CALL, 0),
			 E_RANGE);
	assert_int_equal(cap_share(&tree, slot(2), slot(3), 0, 2, EXO_ENV_CALL, 0), E_RANGE);
	assert_int_equal(cap_share(&tree, slot(2), slot(3), 0, 0, EXO_ENV_CALL, 0), 0);
	assert_int_equal(slot(3)->start, START + 2);
	assert_int_equal(slot(3)->count, 2);
	assert_int_equal(revoke(0, START + 3, 1, 10), 0);
	assert_int_equal(slot(0)->child, 0);
}

static void
test_depth(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	for (int i = 0; i < CAP_DEPTH_MAX; i++) {
		assert_int_equal(i > 20 ? share(i, i + 1) : carve(i, i + 1, START, COUNT), 0);
	}
	assert_int_equal(share(CAP_DEPTH_MAX, 40), E_DEPTH);
	assert_int_equal(carve(CAP_DEPTH_MAX, 40, START, COUNT), E_DEPTH);
	assert_int_equal(drop(1, 100), 0);
	assert_int_equal(slot(0)->child, 0);
	for (int i = 0; i < CAP_DEPTH_MAX; i++) {
		assert_int_equal(carve(i, i + 1, START, COUNT), 0);
	}
	assert_int_equal(cap_object(&tree, slot(CAP_DEPTH_MAX), slot(40), EXO_CAP_ENV), E_DEPTH);
}

/* A handle never names two capabilities: after its last generation a slot is never filled again. */
static void
test_generations(void **state)
{
	uint64_t way;

	(void)state;
	plant(EXO_CAP_FRAME);
	slot(1)->word = (uint64_t)(CAP_GENERATION_MAX - 1) << CAP_GENERATION_SHIFT;
	assert_int_equal(carve(0, 1, START, 1), 0);
	assert_int_equal(slot(1)->word >> CAP_GENERATION_SHIFT, CAP_GENERATION_MAX - 1);
	assert_int_equal(drop(1, 1), 0);
	assert_int_equal(carve(0, 1, START, 1), 0);
	assert_int_equal(slot(1)->word >> CAP_GENERATION_SHIFT, CAP_GENERATION_MAX);
	assert_int_equal(drop(1, 1), 0);
	assert_true(slot(1)->word == (CAP_GENERATION_MAX + 1ul) << CAP_GENERATION_SHIFT);
	assert_int_equal(cap_carve(&tree, slot(0), slot(1), START, 1, 0, 0, &way), E_SLOT);
	assert_int_equal(cap_share(&tree, slot(0), slot(1), START, 1, 0, 0), E_SLOT);
	assert_int_equal(cap_object(&tree, slot(0), slot(1), EXO_CAP_ENV), E_SLOT);
	assert_int_equal(carve(0, 2, START, 1), 0);
	assert_int_equal(cap_move(&tree, slot(2), slot(1)), E_SLOT);
	assert_int_equal(cap_move(&tree, slot(2), slot(2)), E_SLOT);
	assert_int_equal(cap_move(&tree, slot(2), slot(3)), 0);
	assert_true(slot(2)->word == 1ul << CAP_GENERATION_SHIFT);
	sound();
}

/* A predicate's quota pays for every derivation below it, whoever makes it, and comes back with
 * drop. */
static void
test_quota(void **state)
{
	(void)state;
	plant(EXO_CAP_PACKET);
	slot(0)->count = 10;
	assert_int_equal(carve(0, 1, 1, 10), E_RANGE);
	assert_int_equal(carve(0, 1, 1, UINT64_MAX), E_RANGE);
	assert_int_equal(carve(0, 1, 1, 4), 0);
	assert_int_equal(slot(0)->count, 5);
	assert_int_equal(carve(0, 2, 1, 0), E_TAKEN);
	assert_int_equal(carve(0, 2, 2, 4), 0);
	assert_int_equal(slot(0)->count, 0);
	assert_ptr_equal(cap_child_from(&tree, slot(0), 2), slot(2));
	assert_null(cap_child_from(&tree, slot(0), 3));
	assert_int_equal(carve(0, 3, 3, 0), E_RANGE);
	assert_int_equal(cap_share(&tree, slot(1), slot(3), 1, 1, 0xe, 0), 0);
	assert_int_equal(cap_share(&tree, slot(1), slot(4), 1, 2, 0xe, 0), E_RANGE);
	assert_int_equal(cap_share(&tree, slot(1), slot(4), 1, 1, 0xe, 0), 0);
	assert_int_equal(slot(1)->count, 0);
	assert_int_equal(revoke_step(slot(0), 1, 1), E_RANGE);
	assert_int_equal(cap_trim(&tree, slot(1), 1, 1), E_TYPE);
	assert_int_equal(drop(1, 10), 0);
	assert_int_equal(slot(0)->count, 5);
	assert_int_equal(revoke(0, 0, 0, 10), 0);
	assert_int_equal(slot(0)->count, 10);
}

#define FOREST_PAGES 200 /* of RAM for the siblings of one tree */

/* A tree of its own with room for 10 000 siblings: slot 0 is the root, slot 1 + i for its name i.
 */
static struct cap *
plant_forest(struct captree *t, uint64_t names)
{
	uint8_t *big = aligned_alloc(8192, FOREST_PAGES * EXO_PAGE_SIZE);
	struct cap *slots = (struct cap *)(big + EXO_PAGE_SIZE);

	assert_non_null(big);
	memset(big, 0, FOREST_PAGES * EXO_PAGE_SIZE);
	*t = (struct captree){
		.base = big, .pages = FOREST_PAGES, .types = tree.types, .next_carve = 1};
	cap_root(t, &slots[0], EXO_CAP_FRAME, 0xe, START, names);
	return slots;
}

static void
grow(struct captree *t, struct cap *slots, uint64_t name)
{
	uint64_t way;

	assert_int_equal(cap_carve(t, &slots[0], &slots[1 + name], START + name, 1, 0xe, 0, &way),
			 0);
}

/* No path is longer than 2 log2(n + 1). */
static void
is_low(struct captree *t, struct cap *slots, uint64_t siblings)
{
	int bound = 0;

	assert_null(cap_check(t, &slots[0]));
	for (uint64_t square = 1; square <= (siblings + 1) * (siblings + 1) / 2; square *= 2) {
		bound++;
	}
	assert_in_range(height(t, &slots[0]), 0, bound);
}

/* 10 000 siblings, made in the worst order for a plain search tree. */
static void
test_balance(void **state)
{
	const uint64_t siblings = 10000;
	struct captree t;
	struct cap *slots = plant_forest(&t, siblings);
	uint64_t left = siblings, seed = 5;

	(void)state;
	for (uint64_t i = 0; i < siblings; i++) {
		grow(&t, slots, i);
	}
	assert_in_range(height(&t, &slots[0]), 14, 26);
	is_low(&t, slots, siblings);
	for (uint64_t i = 0; i < siblings; i++) {
		struct cap *c = &slots[1 + rand_below(&seed, siblings)];
		if (!slot_is_empty(c)) {
			assert_int_equal(cap_drop_step(&t, c), 0);
			left--;
		}
	}
	is_low(&t, slots, left);
	free(t.base);
}

/* Few siblings come and go at random, from one end, from both, until every way to put one in and to
 * take one out was taken with every colour around it. */
static void
test_turns(void **state)
{
	const uint64_t names = 48;
	struct captree t;
	struct cap *slots = plant_forest(&t, names);
	uint64_t siblings = 0, seed = 11;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		uint64_t name = i % 1000 < 400   ? rand_below(&seed, names)
				: i % 1000 < 700 ? (uint64_t)i % names
						 : names - 1 - (uint64_t)i * 7 % names;
		if (slot_is_empty(&slots[1 + name])) {
			grow(&t, slots, name);
			siblings++;
		} else {
			assert_int_equal(cap_drop_step(&t, &slots[1 + name]), 0);
			siblings--;
		}
		is_low(&t, slots, siblings);
	}
	free(t.base);
}

/* To carve and drop at one place moves nobody else but the first time. */
static void
test_same_place(void **state)
{
	static struct cap before[200];
	const uint64_t names = 199;
	struct captree t;
	struct cap *slots = plant_forest(&t, names);
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t name = rand_below(&seed, names);
		if (slot_is_empty(&slots[1 + name])) {
			grow(&t, slots, name);
		}
	}
	for (uint64_t name = 0; name < names; name++) {
		for (int time = 0; time < 2 && slot_is_empty(&slots[1 + name]); time++) {
			memcpy(before, slots, sizeof(before));
			grow(&t, slots, name);
			assert_int_equal(cap_drop_step(&t, &slots[1 + name]), 0);
			before[1 + name] = slots[1 + name]; /* one generation on */
			assert_true(!time || !memcmp(before, slots, sizeof(before)));
		}
	}
	free(t.base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_random, zero_is_untouched),
		cmocka_unit_test_teardown(test_names, zero_is_untouched),
		cmocka_unit_test_teardown(test_objects, zero_is_untouched),
		cmocka_unit_test_teardown(test_depth, zero_is_untouched),
		cmocka_unit_test_teardown(test_generations, zero_is_untouched),
		cmocka_unit_test_teardown(test_quota, zero_is_untouched),
		cmocka_unit_test_teardown(test_balance, zero_is_untouched),
		cmocka_unit_test_teardown(test_turns, zero_is_untouched),
		cmocka_unit_test_teardown(test_same_place, zero_is_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
