/* SPDX-License-Identifier: MIT
 * trie_scale_test.c: thousands of filters that differ in addresses and ports: what a packet costs
 * in RV64 instructions, and what memory and code they take.
 *
 * links: kern/net/canon.c kern/net/slab.c kern/net/values.c kern/net/trie.c kern/net/trie_walk.c
 * links: kern/net/trie_check.c kern/net/trie_apart.c kern/net/shape.c arch/riscv/jit_trie.c
 * links: test/model/filter_rv64.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "lib/base/rand.h"
#include "test/model/filter_rv64.h"
#include "test/model/services.h"

#define FILTERS      10000
#define MEMORY_BYTES (4ul << 20)
#define PACKET_BYTES 64

static struct {
	uint8_t memory[MEMORY_BYTES] __attribute__((aligned(64)));
	struct slab slab;
	struct shapes shapes;
	struct trie_store store;
	struct trie trie;
	struct trie_filter filter[FILTERS];
	struct filter_rv64 machine;
	uint8_t room[8 + PACKET_BYTES] __attribute__((aligned(8)));
} rig;

/* `more` is 1 for a further test behind the table. */
static int
make_longer(uint32_t i, struct canon *c, uint32_t more)
{
	struct exo_atom atoms[SERVICE_ATOMS + 1];

	service_atoms(i, atoms);
	atoms[SERVICE_ATOMS] = (struct exo_atom){EXO_ATOM_COMPARE, 1, 0, 0, 30, 0, 0xff, 7};
	return canon_make(c, NULL, 0, atoms, SERVICE_ATOMS + more);
}

static int
make(uint32_t i, struct canon *c)
{
	return make_longer(i, c, 0);
}

static void
begin(void)
{
	memset(&rig.trie, 0, sizeof(rig.trie));
	memset(rig.filter, 0, sizeof(rig.filter));
	memset(&rig.machine, 0, sizeof(rig.machine));
	slab_init(&rig.slab, rig.memory, sizeof(rig.memory));
	shapes_init(&rig.shapes, RV64_WITHOUT);
	rig.store = (struct trie_store){&rig.slab, &rig.shapes, 7};
	rig.machine.shapes = &rig.shapes;
	rig.machine.readable[0].start = rig.memory;
	rig.machine.readable[0].bytes = sizeof(rig.memory);
	rig.machine.readable[1].start = rig.room;
	rig.machine.readable[1].bytes = sizeof(rig.room);
}

static void
check(void)
{
	const char *wrong = trie_check(&rig.store, &rig.trie);

	wrong = wrong ? wrong : slab_check(&rig.slab, rig.slab.free_blocks);
	if (wrong) {
		fail_msg("%s", wrong);
	}
}

static void
insert(uint32_t i)
{
	struct canon c;

	assert_int_equal(make(i, &c), 0);
	assert_null(trie_in_the_way(&rig.trie, &c, 100, NULL, NULL));
	assert_int_equal(trie_insert_whole(&rig.store, &rig.trie, &c, &rig.filter[i]), 0);
	assert_ptr_equal(trie_in_the_way(&rig.trie, &c, 100, NULL, NULL), &rig.filter[i]);
	filter_rv64_compile(&rig.machine);
}

/* The packet of filter i. */
static const uint8_t *
packet(uint32_t i)
{
	uint8_t *p = rig.room + FRAME_SKEW;

	service_packet(i, p, PACKET_BYTES);
	return p;
}

/* Instructions until the filter of packet i is found; UINT64_MAX: another one, or none. */
static uint64_t
classify(uint32_t i)
{
	struct trie_hit hits[TRIE_HITS_MAX];
	const uint8_t *p = packet(i);
	uint32_t n = filter_rv64_run(&rig.machine, &rig.trie, p, p + PACKET_BYTES - 8, hits);

	return n == 1 && trie_filters(hits[0].node) == &rig.filter[i] ? rig.machine.instructions
								      : UINT64_MAX;
}

/* The average over all packets among `count` filters is at most `limit`. */
static void
measure(uint32_t count, uint32_t limit)
{
	uint64_t sum = 0;
	uint64_t most = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t n = classify(i);

		assert_int_not_equal(n, UINT64_MAX);
		sum += n;
		most = n > most ? n : most;
	}
	print_message("%u filters: %.1f instructions, %lu at most\n", count, (double)sum / count,
		      most);
	assert_in_range(sum, count, (uint64_t)count * limit);
	assert_in_range(most, 1, limit + 100); /* a collision is 8 more */
}

static void
scales(void **state)
{
	uint64_t seed = 3;
	uint32_t free_blocks;

	(void)state;
	begin();
	free_blocks = rig.slab.free_blocks;
	for (uint32_t i = 0; i < FILTERS; i++) {
		insert(i);
		if (i + 1 == 10) {
			measure(10, 38);
		} else if (i + 1 == 1000) {
			measure(1000, 45);
			check();
		}
	}
	measure(FILTERS, 60);
	check();
	print_message("%lu bytes a filter, %u shapes\n",
		      (free_blocks - rig.slab.free_blocks) * SLAB_BLOCK / FILTERS, rig.shapes.used);
	assert_in_range(rig.shapes.used, 3, 8);
	for (uint32_t n = FILTERS; n; n--) { /* in the order of a shuffle */
		uint32_t i = (uint32_t)(rand_next(&seed) >> 33) % FILTERS;

		while (!rig.filter[i].back) {
			i = (i + 1) % FILTERS;
		}
		trie_remove(&rig.store, &rig.trie, &rig.filter[i]);
		assert_int_equal(classify(i), UINT64_MAX);
		if (n % 500 == 0 || n < 50) {
			check();
		}
	}
	assert_null(rig.trie.root);
	assert_int_equal(rig.slab.free_blocks, free_blocks);
}

/* Until memory is full, then nothing has changed; and what was removed makes room. */
static void
full(void **state)
{
	struct canon c;
	uint32_t n = 0;
	int error;

	(void)state;
	begin();
	slab_init(&rig.slab, rig.memory, 64 * 1024);
	do {
		assert_int_equal(make(n, &c), 0);
		error = trie_insert_whole(&rig.store, &rig.trie, &c, &rig.filter[n]);
		check();
		n += !error;
	} while (!error);
	assert_int_equal(error, E_NOSPACE);
	assert_in_range(n, 100, 1000);
	filter_rv64_compile(&rig.machine);
	assert_int_equal(classify(n), UINT64_MAX);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_not_equal(classify(i), UINT64_MAX);
	}
	trie_remove(&rig.store, &rig.trie, &rig.filter[0]);
	assert_int_equal(trie_insert_whole(&rig.store, &rig.trie, &c, &rig.filter[n]), 0);
	check();
	for (uint32_t i = 1; i <= n; i++) {
		assert_int_not_equal(classify(i), UINT64_MAX);
		trie_remove(&rig.store, &rig.trie, &rig.filter[i]);
	}
	assert_int_equal(rig.slab.free_blocks, rig.slab.blocks);
}

/* Tables that grow and shrink while filters come and go: invariants after each change. */
static void
comes_and_goes(void **state)
{
	uint64_t seed = 9;
	struct canon c;

	(void)state;
	begin();
	for (uint32_t n = 0; n < 6000; n++) {
		uint32_t i = (uint32_t)rand_below(&seed, 700);
		bool growing = n / 1500 % 2 == 0;
		bool there = rig.filter[i].back != 0;

		if (there && rand_below(&seed, growing ? 4 : 1) == 0) {
			trie_remove(&rig.store, &rig.trie, &rig.filter[i]);
		} else if (!there && rand_below(&seed, growing ? 1 : 4) == 0) {
			assert_int_equal(make(i, &c), 0);
			assert_int_equal(
				trie_insert_whole(&rig.store, &rig.trie, &c, &rig.filter[i]), 0);
		}
		check();
		filter_rv64_compile(&rig.machine);
		assert_int_equal(classify(i) != UINT64_MAX, rig.filter[i].back != 0);
	}
}

/* One change of filter i, or of the longer one beside it, which replaces or widens its node. */
static void
change(uint32_t i, uint32_t more)
{
	struct trie_filter *f = &rig.filter[i + 1000 * more];
	struct canon c;

	assert_int_equal(make_longer(i, &c, more), 0);
	if (f->back) {
		trie_remove(&rig.store, &rig.trie, f);
	} else {
		assert_int_equal(trie_insert_whole(&rig.store, &rig.trie, &c, f), 0);
	}
	check();
}

/* Many small tables, each changed all over just while it moves to a larger one. */
static void
while_tables_move(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (uint32_t round = 0; round < 400; round++) {
		begin();
		slab_init(&rig.slab, rig.memory, 65536);
		rig.store.seed = 1 + round;
		for (uint32_t i = 0; i < 64; i++) {
			change(i, 0);
			if (i > 24 && rand_below(&seed, 2)) {
				change((uint32_t)rand_below(&seed, i), 0);
			}
			if (i > 24 && rand_below(&seed, 2)) {
				change((uint32_t)rand_below(&seed, i), 1);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scales),
		cmocka_unit_test(full),
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(while_tables_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
