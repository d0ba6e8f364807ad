/* SPDX-License-Identifier: MIT
 * shape_test.c: shapes of nodes, of which there is room for some: whoever brings in as many as it
 * can leaves others theirs.
 *
 * links: kern/net/shape.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/rand.h"
#include "test/model/one_test.h"

#define NODES   400
#define WITHOUT 0x1000
#define SHARES  5

static struct shapes shapes;
static uint8_t share[SHARES];
static union one_test_node place[NODES];

static void
begin(void)
{
	memset(share, 0, sizeof(share));
	one_test_clear(place, NODES);
	memset(&shapes, 0, sizeof(shapes));
	shapes_init(&shapes, WITHOUT);
}

/* Node i is changed by `who` (SHARES: somebody whose do not count), and looks at word `field` then:
 * that is its shape. True: it has one that can be compiled. */
static bool
enter(uint32_t i, uint32_t who, uint32_t field)
{
	struct trie_node *n = &place[i].node;

	shapes.share = who < SHARES ? &share[who] : NULL;
	one_test_look(&shapes, n, field);
	return n->shape != SHAPE_NONE;
}

static uint32_t
enter_many(uint32_t first, uint32_t count, uint32_t who, uint32_t field)
{
	uint32_t have = 0;

	for (uint32_t i = first; i < first + count; i++) {
		have += enter(i, who, field + i);
	}
	return have;
}

static void
others_have_theirs(void **state)
{
	(void)state;
	begin();
	assert_int_equal(enter_many(0, 200, 0, 0), SHAPES_SHARE);
	assert_int_equal(enter_many(200, SHAPES_SHARE, 1, 0), SHAPES_SHARE);
	assert_true(enter(300, 2, 0));   /* the attacker's is anybody's */
	assert_true(enter(301, 0, 200)); /* and others' the attacker's */
	assert_false(enter(302, 0, 700));
	assert_int_equal(shapes.shape[place[0].node.shape].nodes, 2);
}

static void
one_kind_counts_once(void **state)
{
	(void)state;
	begin();
	for (uint32_t i = 0; i < NODES; i++) {
		assert_true(enter(i, 0, i % 3));
	}
	assert_int_equal(share[0], 3);
	for (uint32_t i = 0; i < NODES; i++) {
		shape_leave(&shapes, &place[i].node);
	}
	assert_int_equal(share[0], 0);
	assert_int_equal(enter_many(0, 200, 0, 1000), SHAPES_SHARE);
}

/* Whose shapes are not bounded has all there are. */
static void
some_do_not_count(void **state)
{
	(void)state;
	begin();
	assert_int_equal(enter_many(0, NODES, SHARES, 0), SHAPES_MAX);
}

/* What stays of one that ended counts for nobody, not for the next one there either. */
static void
what_stays_is_nobodys(void **state)
{
	(void)state;
	begin();
	assert_true(enter(0, 0, 7) && enter(1, 0, 8) && enter(2, 1, 7));
	shape_leave(&shapes, &place[0].node);
	shape_leave(&shapes, &place[1].node);
	assert_int_equal(share[0], 1);
	shape_disown(&shapes, &share[0]);
	assert_int_equal(share[0], 0);
	assert_int_not_equal(place[2].node.shape, SHAPE_NONE);
	shape_leave(&shapes, &place[2].node);
	assert_int_equal(share[0] + share[1], 0);
}

/* The invariant, whatever happens. */
static void
counts_are_true(void **state)
{
	uint64_t seed = 4;

	(void)state;
	begin();
	for (uint32_t step = 0; step < 20000; step++) {
		uint8_t count[SHARES] = {0};
		uint32_t i = (uint32_t)rand_below(&seed, NODES);
		uint32_t who = (uint32_t)rand_below(&seed, SHARES + 1);

		if (rand_below(&seed, 100) == 0 && who < SHARES) {
			shape_disown(&shapes, &share[who]);
		} else if (rand_below(&seed, 3)) {
			enter(i, who, (uint32_t)rand_below(&seed, 300));
		} else {
			shape_leave(&shapes, &place[i].node);
		}
		for (uint32_t s = 0; s < shapes.used; s++) {
			if (shapes.shape[s].nodes && shapes.shape[s].share) {
				count[shapes.shape[s].share - share]++;
			}
		}
		assert_memory_equal(count, share, sizeof(count));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_have_theirs), cmocka_unit_test(one_kind_counts_once),
		cmocka_unit_test(some_do_not_count),  cmocka_unit_test(what_stays_is_nobodys),
		cmocka_unit_test(counts_are_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
