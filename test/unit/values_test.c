/* SPDX-License-Identifier: MIT
 * values_test.c: tables of values that count up, anywhere in a word: with hardly any multiplier do
 * they lie in heaps, and where one stands far from home, the table is soon another one.
 *
 * links: kern/net/slab.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* The code itself, for what is no business of its users: how far from home a value stands. */
#include "kern/net/values.c"

#define MEMORY_BYTES (1ul << 20)
#define VALUES       1200
#define MEETING      (PROBES_MAX - 1)
#define TABLES       300 /* each with multipliers of its own */
#define FAR          64  /* a search of so many slots is as long as one ought to be, */
#define FAR_MOST     2   /* but for so many of the tables */

static struct {
	uint8_t memory[MEMORY_BYTES] __attribute__((aligned(64)));
	struct slab slab;
	struct trie_store store;
	struct trie_branch branch;
	struct trie_node node;
	struct trie_node *child;
} rig;

/* Where in its word a field lies, and how its bytes. */
static uint64_t
upwards(uint64_t n)
{
	return n;
}

static uint64_t
second_byte(uint64_t n)
{
	return n << 8;
}

static uint64_t
middle(uint64_t n)
{
	return n << 16 | 0xa;
}

static uint64_t
upper_end(uint64_t n)
{
	return n << 48;
}

static uint64_t
turned(uint64_t n)
{
	return __builtin_bswap64(n);
}

static uint64_t
two_words(uint64_t n)
{
	return (n & 0xff) << 56 | 0x0a000000 | n >> 8;
}

static uint64_t (*const layouts[])(uint64_t) = {
	upwards, second_byte, middle, upper_end, turned, two_words,
};

static void
begin(uint64_t seed, uint64_t first)
{
	slab_init(&rig.slab, rig.memory, sizeof(rig.memory));
	rig.store = (struct trie_store){&rig.slab, NULL, seed * 0x9e3779b97f4a7c15 | 1};
	rig.child[0] = (struct trie_node){.key = first};
	rig.branch = (struct trie_branch){.key = first};
	rig.branch.to.child = rig.child;
	assert_int_equal(values_make(&rig.store, &rig.branch, &rig.node), 0);
}

/* Slots from its home to that of a value, which is free. */
static uint32_t
distance(uint64_t key, const struct value_slot *slot)
{
	uint32_t bits = rig.branch.table->bits;

	return ((uint32_t)(slot - rig.branch.to.slots) - home(key, rig.branch.key, bits)) &
	       ((1u << bits) - 1);
}

static void
add(uint32_t number, uint64_t key)
{
	struct trie_node *child = &rig.child[number];

	*child = (struct trie_node){.key = key};
	assert_int_equal(values_add(&rig.store, &rig.branch, values_slot(&rig.branch, key), child),
			 0);
}

/* The farthest when so many were added one after the other. */
static uint32_t
fill(uint64_t seed, uint64_t (*layout)(uint64_t))
{
	uint32_t most = 0;

	begin(seed, layout(1));
	for (uint32_t i = 1; i < VALUES; i++) {
		const struct value_slot *slot = values_slot(&rig.branch, layout(i + 1));
		uint32_t far;

		assert_non_null(slot);
		far = distance(layout(i + 1), slot);
		most = far > most ? far : most;
		add(i, layout(i + 1));
	}
	return most;
}

static void
no_heaps(void **state)
{
	(void)state;
	for (size_t l = 0; l < sizeof(layouts) / sizeof(*layouts); l++) {
		uint32_t heaps = 0;

		for (uint64_t seed = 1; seed <= TABLES; seed++) {
			heaps += fill(seed, layouts[l]) >= FAR;
			assert_null(values_check(&rig.branch));
		}
		print_message("# layout %zu: %u of %u tables\n", l, heaps, TABLES);
		assert_in_range(heaps, 0, FAR_MOST);
	}
}

/* The next value from `key` on whose home is this slot. */
static uint64_t
meeting(uint64_t key, uint32_t slot)
{
	while (home(key, rig.branch.key, rig.branch.table->bits) != slot) {
		key++;
	}
	return key;
}

/* Of eight values that are added one meets all such before: the table is replaced, by one of the
 * same size, before one has no place, and all are found then. */
static void
a_heap_ends(void **state)
{
	uint64_t multiplier, key = 1ul << 32;
	uint32_t bits, n = VALUES;

	(void)state;
	fill(1, upwards);
	multiplier = rig.branch.key;
	bits = rig.branch.table->bits;
	assert_null(rig.branch.table->fresh);
	for (; rig.branch.key == multiplier; n++) {
		assert_in_range(n, 0, VALUES + MEETING * 8 - 1);
		key = meeting(key + 1, 5);
		add(n, n % 8 ? upwards(n + 1) : key);
		assert_null(values_check(&rig.branch));
	}
	assert_int_equal(rig.branch.table->bits, bits);
	assert_in_range(n, VALUES + FRESH_PROBES * 8, VALUES + MEETING * 8);
}

static int
set_up(void **state)
{
	(void)state;
	rig.child = calloc(VALUES + MEETING * 8, sizeof(*rig.child));
	return rig.child == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	free(rig.child);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_heaps),
		cmocka_unit_test(a_heap_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
