/* SPDX-License-Identifier: MIT
 * trie_test.c: canonical filters and their trie: by hand, and against filters one by one.
 *
 * links: kern/net/canon.c kern/net/slab.c kern/net/values.c kern/net/trie.c kern/net/trie_walk.c
 * links: kern/net/trie_check.c kern/net/trie_apart.c kern/net/trie_path.c kern/net/shape.c
 * links: kern/net/filter.c
 * links: lib/base/disjoint.c arch/riscv/jit_trie.c test/model/filter_world.c
 * links: test/model/filter_draw.c
 * links: test/model/filter_rv64.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "lib/base/rand.h"
#include "test/model/filter_rv64.h"
#include "test/model/filter_world.h"

static struct filter_world world;
static struct filter_rv64 machine;

static uint64_t
draw(void *seed, uint64_t limit)
{
	return (rand_next(seed) >> 20) % limit;
}

static void
run_worlds(uint32_t worlds, uint32_t steps, uint32_t bytes)
{
	uint64_t seed = 20261128 + bytes;
	uint32_t inserted = 0, matched = 0, proven = 0, known = 0, full = 0;

	for (uint32_t i = 0; i < worlds; i++) {
		const char *wrong = NULL;
		uint32_t n = 0;

		filter_world_init(&world, draw, &seed, bytes);
		filter_world_compiled(&world, &machine);
		for (; n < steps && !wrong; n++) {
			wrong = filter_world_step(&world);
		}
		wrong = wrong ? wrong : filter_world_end(&world);
		if (wrong) {
			fail_msg("world %u, step %u: %s", i, n, wrong);
		}
		inserted += world.inserted;
		matched += world.matched;
		proven += world.proven;
		known += world.known_disjoint;
		full += world.full;
	}
	print_message("%u inserted, %u full, %u matched, %u disjoint, %u by pairs\n", inserted,
		      full, matched, proven, known);
	assert_true(full * 20 > inserted && full * 2 < inserted); /* else it says little */
	assert_true(matched > inserted);
	assert_true(proven > known && known > worlds);
}

/* --- by hand ------------------------------------------------------------------------------ */
#define COMPARE(o, w, m, v)                                                                        \
	{                                                                                          \
		EXO_ATOM_COMPARE, w, 0, 0, o, 0, m, v                                              \
	}
#define IP COMPARE(12, 2, 0xffff, 0x0800)
#define SHIFT(o, m, s)                                                                             \
	{                                                                                          \
		EXO_ATOM_SHIFT, 1, s, 0, o, 0, m, 0                                                \
	}
#define IHL SHIFT(14, 0x0f, 2)
#define ATOMS(...)                                                                                 \
	(const struct exo_atom[]){__VA_ARGS__},                                                    \
		sizeof((const struct exo_atom[]){__VA_ARGS__}) / sizeof(struct exo_atom)
#define INSERT(f, ...)                insert_atoms(f, ATOMS(__VA_ARGS__))
#define IN_THE_WAY(steps, apart, ...) in_the_way(steps, apart, ATOMS(__VA_ARGS__))
#define FIVE(first)                                                                                \
	COMPARE(first, 1, 1, 1), COMPARE(first + 8, 1, 1, 1), COMPARE(first + 16, 1, 1, 1),        \
		COMPARE(first + 24, 1, 1, 1), COMPARE(first + 32, 1, 1, 1)

static struct {
	uint8_t memory[16384] __attribute__((aligned(64)));
	struct slab slab;
	struct trie_store store;
	struct trie trie;
	struct trie_filter filter[64];
} rig;

static void
begin(void)
{
	memset(&rig, 0, sizeof(rig));
	slab_init(&rig.slab, rig.memory, sizeof(rig.memory));
	rig.store = (struct trie_store){.slab = &rig.slab, .seed = 5};
}

static int
insert_atoms(uint32_t f, const struct exo_atom *atoms, uint32_t count)
{
	struct canon c;
	int error;

	assert_int_equal(canon_make(&c, NULL, 0, atoms, count), 0);
	error = trie_insert_whole(&rig.store, &rig.trie, &c, &rig.filter[f]);
	assert_null(trie_check(&rig.store, &rig.trie));
	return error;
}

static void
remove_filter(uint32_t f)
{
	trie_remove(&rig.store, &rig.trie, &rig.filter[f]);
	assert_null(trie_check(&rig.store, &rig.trie));
}

/* Number of the filter in the way, -1: none, -2: not known. */
static int
in_the_way(uint32_t steps, trie_apart apart, const struct exo_atom *atoms, uint32_t count)
{
	struct trie_filter *f;
	struct canon c;

	assert_int_equal(canon_make(&c, NULL, 0, atoms, count), 0);
	f = trie_in_the_way(&rig.trie, &c, steps, apart, NULL);
	return !f ? -1 : f == TRIE_UNKNOWN ? -2 : (int)(f - rig.filter);
}

static bool
is_filter_1(void *context, struct trie_filter *other)
{
	(void)context;
	return other == &rig.filter[1];
}

static void
names_who_is_in_the_way(void **state)
{
	(void)state;
	begin();
	assert_int_equal(IN_THE_WAY(9, NULL, IP), -1);
	assert_int_equal(INSERT(0, COMPARE(12, 2, 0xffff, 0x0806)), 0);
	assert_int_equal(INSERT(1, IP, COMPARE(23, 1, 0xff, 6)), 0);
	assert_int_equal(INSERT(2, IP, COMPARE(23, 1, 0xff, 17)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, COMPARE(23, 1, 0xff, 6)), 1);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, COMPARE(23, 1, 0xff, 1)), -1);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, COMPARE(23, 1, 0x10, 0)), 1);
	assert_int_equal(IN_THE_WAY(99, is_filter_1, IP, COMPARE(23, 1, 0x10, 0)), -1);
	assert_int_equal(IN_THE_WAY(99, is_filter_1, IP, COMPARE(23, 1, 0x10, 0x10)), 2);
	assert_int_equal(IN_THE_WAY(99, NULL, COMPARE(12, 1, 0xff, 8), COMPARE(23, 1, 0xff, 1)), 0);
	assert_int_equal(IN_THE_WAY(2, NULL, IP, COMPARE(23, 1, 0xff, 1)), -2);
}

/* Ports behind a shift, behind the same shift over known bits, and at a fixed offset. */
static void
knows_bases(void **state)
{
	(void)state;
	begin();
	assert_int_equal(INSERT(0, IP, IHL, COMPARE(16, 2, 0xffff, 80)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, IHL, COMPARE(16, 2, 0xffff, 81)), -1);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, IHL, COMPARE(16, 2, 0xffff, 80)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, COMPARE(14, 1, 0xff, 0x45), IHL,
				    COMPARE(16, 2, 0xffff, 81)),
			 -1);
	assert_int_equal(
		IN_THE_WAY(99, NULL, IP, COMPARE(14, 1, 0x0f, 5), COMPARE(36, 2, 0xffff, 81)), -1);
	assert_int_equal(
		IN_THE_WAY(99, NULL, IP, COMPARE(14, 1, 0x0f, 6), COMPARE(36, 2, 0xffff, 81)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, IP, COMPARE(36, 2, 0xffff, 81)), 0);
	begin();
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(
			INSERT(i, IP, COMPARE(14, 1, 0x0f, 5), COMPARE(36, 2, 0xffff, 80 + i)), 0);
	}
	assert_int_equal(IN_THE_WAY(30, NULL, IP, IHL, COMPARE(16, 2, 0xffff, 79)), -1);
	assert_int_equal(IN_THE_WAY(30, NULL, IP, IHL, COMPARE(16, 2, 0xffff, 85)), 5);
	assert_true(IN_THE_WAY(99, NULL, IP, SHIFT(14, 0x1f, 2), COMPARE(16, 2, 0xffff, 79)) >= 0);
	assert_int_equal(INSERT(40, IP, COMPARE(14, 1, 0x0f, 6), COMPARE(40, 2, 0xffff, 80)), 0);
	assert_int_equal(IN_THE_WAY(60, NULL, IP, IHL, COMPARE(16, 2, 0xffff, 79)), -1);
	assert_int_equal(IN_THE_WAY(60, NULL, IP, IHL, COMPARE(16, 2, 0xffff, 81)), 1);
}

/* Bases that only look alike. */
static void
does_not_confuse_bases(void **state)
{
	(void)state;
	begin();
	assert_int_equal(INSERT(0, SHIFT(0, 3, 0), COMPARE(8, 1, 0xff, 1)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, COMPARE(8, 1, 0xff, 2)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, COMPARE(0, 1, 1, 1), COMPARE(9, 1, 0xff, 2)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, COMPARE(0, 1, 3, 1), COMPARE(9, 1, 0xff, 2)), -1);
	begin();
	assert_int_equal(INSERT(0, COMPARE(0, 1, 1, 0), COMPARE(10, 1, 0xff, 1)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, SHIFT(0, 3, 0), COMPARE(10, 1, 0xff, 2)), 0);
	begin();
	assert_int_equal(INSERT(0, COMPARE(0, 1, 3, 2), SHIFT(7, 0xff, 0), COMPARE(10, 1, 0xff, 1)),
			 0);
	assert_int_equal(
		IN_THE_WAY(99, NULL, SHIFT(0, 3, 0), SHIFT(5, 0xff, 0), COMPARE(8, 1, 0xff, 2)),
		-1);
	assert_int_equal(IN_THE_WAY(99, NULL, SHIFT(0, 3, 0), COMPARE(8, 1, 0xff, 2),
				    SHIFT(5, 0xff, 0), COMPARE(12, 1, 0xff, 7)),
			 0);
	begin();
	assert_int_equal(INSERT(0, SHIFT(0, 3, 0), SHIFT(5, 0xff, 0), COMPARE(8, 1, 0xff, 1)), 0);
	assert_int_equal(IN_THE_WAY(99, NULL, COMPARE(0, 1, 3, 2), SHIFT(0, 3, 0),
				    SHIFT(5, 0xff, 0), COMPARE(8, 1, 0xff, 2)),
			 -1);
	assert_int_equal(IN_THE_WAY(99, NULL, COMPARE(0, 1, 3, 2), SHIFT(5, 0xff, 0),
				    COMPARE(8, 1, 0xff, 2)),
			 0);
}

/* Those that differ in a fixed field cost nothing; who fixes nothing has to look at all. */
static void
looks_at_one_value(void **state)
{
	(void)state;
	begin();
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(INSERT(i, IP, COMPARE(36, 2, 0xffff, 80 + i)), 0);
	}
	assert_int_equal(IN_THE_WAY(12, NULL, IP, COMPARE(36, 2, 0xffff, 79)), -1);
	assert_int_equal(IN_THE_WAY(12, NULL, IP, COMPARE(36, 2, 0xffff, 85)), 5);
	assert_int_equal(IN_THE_WAY(40, NULL, IP, COMPARE(36, 2, 0x8000, 0x8000)), -2);
	assert_int_equal(IN_THE_WAY(400, NULL, IP, COMPARE(36, 2, 0x8000, 0x8000)), -1);
}

/* Nine fields at one node, or more than 48 tests for one packet, are refused; removing helps. */
static void
limits(void **state)
{
	uint32_t free_blocks;
	uint32_t n = 0;

	(void)state;
	begin();
	for (; n < TRIE_BRANCHES_MAX; n++) {
		assert_int_equal(INSERT(n, COMPARE((uint16_t)(14 + 8 * n), 1, 0xff, 1)), 0);
	}
	assert_int_equal(INSERT(n, COMPARE(100, 1, 0xff, 1)), E_LIMIT);
	remove_filter(3);
	assert_int_equal(INSERT(n, COMPARE(100, 1, 0xff, 1)), 0);
	begin();
	assert_int_equal(INSERT(0, FIVE(14), FIVE(62), FIVE(110)), 0);
	assert_int_equal(INSERT(1, FIVE(15), FIVE(63), FIVE(111)), 0);
	assert_int_equal(INSERT(2, FIVE(16), FIVE(64), FIVE(112)), 0);
	assert_int_equal(INSERT(3, FIVE(17)), E_LIMIT); /* 45 so far */
	assert_int_equal(INSERT(3, COMPARE(17, 1, 1, 1)), 0);
	assert_int_equal(INSERT(4, COMPARE(17, 1, 1, 0), COMPARE(25, 1, 1, 0)), 0);
	assert_int_equal(INSERT(5, COMPARE(17, 1, 1, 0), COMPARE(25, 1, 1, 1)), 0);
	free_blocks = rig.slab.free_blocks;
	assert_int_equal(INSERT(6, COMPARE(17, 1, 1, 0), COMPARE(25, 1, 1, 1), FIVE(65)), E_LIMIT);
	assert_int_equal(INSERT(6, COMPARE(14, 1, 1, 1), FIVE(65)), E_LIMIT);
	assert_int_equal(rig.slab.free_blocks, free_blocks); /* what was split is joined again */
	remove_filter(1);
	assert_int_equal(INSERT(6, COMPARE(17, 1, 1, 0), COMPARE(25, 1, 1, 1), FIVE(65)), 0);
}

static void
as_one_by_one(void **state)
{
	(void)state;
	run_worlds(100, 400, WORLD_MEMORY_BYTES);
	assert_true(machine.in_c > 0);
	assert_in_range(machine.stack_used, 32, 32 * TRIE_COST_MAX / 2);
}

/* The same where memory is short all the time. */
static void
with_little_memory(void **state)
{
	(void)state;
	run_worlds(100, 200, 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_who_is_in_the_way),
		cmocka_unit_test(knows_bases),
		cmocka_unit_test(does_not_confuse_bases),
		cmocka_unit_test(looks_at_one_value),
		cmocka_unit_test(limits),
		cmocka_unit_test(as_one_by_one),
		cmocka_unit_test(with_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
