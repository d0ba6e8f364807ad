/* SPDX-License-Identifier: MIT
 * cap_test.c: the capability tree against its model, and cases that random operations seldom meet.
 *
 * 10^5 random operations with revocations under way, all compared after each; LONG=1: 10^6.
 * links: kern/cap.c kern/sibling.c kern/revoke.c kern/cap_check.c test/model/cap_model.c
 * links: test/model/cap_world.c test/model/cap_ops.c test/model/cap_revoker.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/panic.h"
#include "lib/base/rand.h"
#include "test/model/cap_world.h"

#define START 0x1000
#define COUNT 64
#define SLOTS 200

static uint8_t world_ram[WORLD_PAGES * EXO_PAGE_SIZE] __attribute__((aligned(8192)));
static struct world world;
static jmp_buf panicked;

/* A small tree without the world: slot 0 is the root. */
static uint8_t ram[16 * EXO_PAGE_SIZE] __attribute__((aligned(8192)));
static struct captree tree;
static bool is_busy[64];

void
panic(const char *format, ...)
{
	(void)format;
	longjmp(panicked, 1);
}

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
		assert_in_range(world.done[op], steps / 1000, steps);
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		assert_in_range(world.refused[-refusals[i]], steps / 1000, steps);
	}
}

/* --- a tree by hand
 * -------------------------------------------------------------------------------------------------
 */

static struct cap *
slot(int i)
{
	return (struct cap *)(ram + 2 * EXO_PAGE_SIZE) + i;
}

/* Node i of an object in page 12; it waits for a device while is_busy[i]. */
static uint32_t
node(int i)
{
	return bind_object_id(&tree, ram + 12 * EXO_PAGE_SIZE + i * 16);
}

static int
unbind(struct captree *t, struct cap *c, uint32_t id)
{
	(void)c;
	for (int i = 0; i < 64; i++) {
		if (node(i) == id && is_busy[i]) {
			return E_BUSY;
		}
	}
	bind_unlink(t, id);
	return 0;
}

static bool
is_disjoint(struct captree *t, const struct cap *c, const struct cap *with)
{
	(void)t;
	return c->start != with->start;
}

static const struct cap_type types[EXO_CAP_TYPES] = {
	[EXO_CAP_FRAME] = {.unbind = unbind},
	[EXO_CAP_PACKET] = {.is_disjoint = is_disjoint},
};

static void
plant(uint32_t type)
{
	memset(ram, 0, sizeof(ram));
	memset(is_busy, 0, sizeof(is_busy));
	tree = (struct captree){
		.base = ram, .pages = 16, .types = types, .next_carve = 1, .seed = 1};
	cap_root(&tree, slot(0), type, 0xe, START, COUNT);
}

static void
sound(void)
{
	const char *broken = cap_check(&tree, slot(0));

	if (broken) {
		fail_msg("%s", broken);
	}
	assert_int_equal(cap_count_dying(&tree, slot(0)), tree.revocations);
}

static int
carve(int parent, int dst, uint64_t start, uint64_t count)
{
	uint64_t way;
	int result = cap_carve(&tree, slot(parent), slot(dst), start, count, 0xe, 0, &way);

	sound();
	return result;
}

static int
share(int parent, int dst)
{
	int result = cap_share(&tree, slot(parent), slot(dst), slot(parent)->start,
			       slot(parent)->count, 0xe, 0);

	sound();
	return result;
}

/* Steps until it is done or refused; each must keep the tree sound and there may be at most
 * `limit`. */
static int
revoke(int c, uint64_t start, uint64_t count, int limit)
{
	int result;

	do {
		assert_true(limit-- > 0);
		result = cap_revoke_step(&tree, slot(c), start, count);
		sound();
	} while (result == CAP_AGAIN);
	return result;
}

static int
drop(int c, int limit)
{
	int result;

	do {
		assert_true(limit-- > 0);
		result = cap_drop_step(&tree, slot(c));
		sound();
	} while (result == CAP_AGAIN);
	return result;
}

static void
bind(int c, int i, bool busy)
{
	assert_int_equal(cap_usable(&tree, slot(c)), 0);
	is_busy[i] = busy;
	bind_link(&tree, slot(c), node(i), 0);
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
test_depth(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	for (int i = 0; i < CAP_DEPTH_MAX; i++) {
		assert_int_equal(i % 3 == 1 && i > 20 ? share(i, i + 1)
				 : i > 20             ? share(i, i + 1)
						      : carve(i, i + 1, START, COUNT),
				 0);
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
	assert_int_equal(carve(0, 3, 3, 0), E_RANGE);
	assert_int_equal(cap_share(&tree, slot(1), slot(3), 1, 1, 0xe, 0), 0);
	assert_int_equal(cap_share(&tree, slot(1), slot(4), 1, 2, 0xe, 0), E_RANGE);
	assert_int_equal(cap_share(&tree, slot(1), slot(4), 1, 1, 0xe, 0), 0);
	assert_int_equal(slot(1)->count, 0);
	assert_int_equal(cap_revoke_step(&tree, slot(0), 1, 1), E_RANGE);
	assert_int_equal(cap_trim(&tree, slot(1), 1, 1), E_TYPE);
	assert_int_equal(drop(1, 10), 0);
	assert_int_equal(slot(0)->count, 5);
	assert_int_equal(revoke(0, 0, 0, 10), 0);
	assert_int_equal(slot(0)->count, 10);
}

/* --- revocation
 * -----------------------------------------------------------------------------------------------------
 */

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
	assert_int_equal(cap_revoke_step(&tree, slot(4), START + 24, 1), E_RANGE);
	assert_int_equal(cap_revoke_step(&tree, slot(0), START - 1, 2), E_RANGE);
	assert_int_equal(cap_revoke_step(&tree, slot(0), START, COUNT + 1), E_RANGE);
	assert_int_equal(cap_revoke_step(&tree, slot(0), START + 1, UINT64_MAX), E_RANGE);
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
			cap_revoke_step(&tree, slot(1), 0, 0);
			share(1, 2 + i);
		}
		result = cap_revoke_step(&tree, slot(0), START, 1);
		assert_true(++steps < 10);
	} while (result == CAP_AGAIN);
	assert_int_equal(result, 0);
	assert_true(slot_is_empty(slot(1)));
}

/* A capability cannot shrink out of the range that is being revoked. */
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
	assert_int_equal(revoke(0, START, 1, 10), 0);
}

/* Nothing leaves, and nothing is finished, while a fence is owed, by this hart or another. */
static bool is_fenced;

static bool
fenced(struct captree *t)
{
	(void)t;
	return is_fenced;
}

static void
test_fence(void **state)
{
	(void)state;
	plant(EXO_CAP_FRAME);
	tree.fenced = fenced;
	is_fenced = true;
	assert_int_equal(carve(0, 1, START, 8), 0);
	tree.broken = true;
	assert_int_equal(cap_drop_step(&tree, slot(1)), CAP_AGAIN);
	assert_int_equal(cap_revoke_step(&tree, slot(0), 0, 0), CAP_AGAIN);
	assert_int_equal(cap_revoke_step(&tree, slot(0), START, 1), CAP_AGAIN);
	assert_int_equal(cap_revoke_step(&tree, slot(0), START + 8, 1), CAP_AGAIN);
	tree.broken = false;
	is_fenced = false;
	assert_int_equal(cap_drop_step(&tree, slot(1)), CAP_AGAIN);
	assert_int_equal(cap_usable(&tree, slot(1)), E_REVOKED);
	is_fenced = true;
	assert_int_equal(cap_drop_step(&tree, slot(1)), 0);
	assert_int_equal(cap_revoke_step(&tree, slot(0), 0, 0), 0);
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
		cap_revoke_step(&tree, slot(0), 0, 0);
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

/* --- many siblings
 * --------------------------------------------------------------------------------------------------
 */

static int
height(const struct captree *t, const struct cap *root)
{
	int highest = 0;

	for (const struct cap *c = cap_child_from(t, root, 0); c;
	     c = cap_child_from(t, root, c->start + c->count)) {
		int h = 1;
		for (const struct cap *n = c; !(n->up & CAP_PARENT); n = cap_at(t, n->up)) {
			h++;
		}
		highest = h > highest ? h : highest;
	}
	return highest;
}

/* 10 000 siblings, made in the worst order for a plain search tree: no path may be longer than a
 * few times log2. */
static void
test_balance(void **state)
{
	const int siblings = 10000;
	uint8_t *big = aligned_alloc(8192, 100 * 8192);
	struct captree t = {.base = big, .pages = 200, .types = types, .next_carve = 1, .seed = 99};
	struct cap *slots = (struct cap *)(big + EXO_PAGE_SIZE);
	uint64_t way, seed = 5;

	(void)state;
	assert_non_null(big);
	memset(big, 0, 100 * 8192);
	cap_root(&t, &slots[0], EXO_CAP_FRAME, 0xe, START, (uint64_t)siblings);
	for (int i = 0; i < siblings; i++) {
		assert_int_equal(cap_carve(&t, &slots[0], &slots[1 + i], START + (uint64_t)i, 1,
					   0xe, 0, &way),
				 0);
	}
	assert_null(cap_check(&t, &slots[0]));
	assert_in_range(height(&t, &slots[0]), 14, 45);
	for (int i = 0; i < siblings; i++) {
		struct cap *c = &slots[1 + rand_below(&seed, (uint64_t)siblings)];
		if (!slot_is_empty(c)) {
			assert_int_equal(cap_drop_step(&t, c), 0);
		}
	}
	assert_null(cap_check(&t, &slots[0]));
	assert_in_range(height(&t, &slots[0]), 10, 45);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),       cmocka_unit_test(test_names),
		cmocka_unit_test(test_depth),        cmocka_unit_test(test_generations),
		cmocka_unit_test(test_quota),        cmocka_unit_test(test_range),
		cmocka_unit_test(test_busy),         cmocka_unit_test(test_busy_turns),
		cmocka_unit_test(test_drop_waits),   cmocka_unit_test(test_holder_resists),
		cmocka_unit_test(test_trim_revoked), cmocka_unit_test(test_fence),
		cmocka_unit_test(test_panics),       cmocka_unit_test(test_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
