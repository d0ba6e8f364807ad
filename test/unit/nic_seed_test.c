/* SPDX-License-Identifier: MIT
 * nic_seed_test.c: what the hash tables of a NIC's filters draw from: not from the time alone.
 *
 * links: kern/net/filters.c kern/net/shape.c kern/net/slab.c lib/base/disjoint.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/net/nic_state.h"
#include "kern/net/shapes.h"
#include "lib/base/rand.h"

#define SEED_BYTES 48
#define BITS       64

static struct kernel kernel = {.harts = 2};
static struct nic nics[EXO_NICS_MAX];
static uint8_t memory[64 << 10] __attribute__((aligned(SLAB_BLOCK)));

struct nic *
nic_of(uint64_t name)
{
	return &nics[name >> NIC_SHIFT];
}

struct shapes *
shapes_get(void)
{
	return NULL;
}

uint64_t
host_time(void)
{
	return 4711; /* the attacker knows */
}

/* There is no filter here. */
void
trie_remove(struct trie_store *s, struct trie *t, struct trie_filter *f)
{
	fail_msg("a filter of %p %p %p ends", (void *)s, (void *)t, (void *)f);
}

const char *
trie_check(const struct trie_store *s, const struct trie *t)
{
	fail_msg("%p of %p", (const void *)t, (const void *)s);
	return NULL;
}

/* What NIC `number` draws first after a start with these bytes. */
static uint64_t
drawn(uint32_t number, const uint8_t *seed, uint32_t bytes)
{
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		nics[i] = (struct nic){.kernel = &kernel};
		nic_filters_init(&nics[i], memory, sizeof(memory));
	}
	nic_stir(seed, bytes);
	return rand_next(&nics[number].store.seed);
}

/* Every bit of the seed counts, of each byte of it, for each NIC. */
static void
each_bit_counts(void **state)
{
	uint8_t seed[SEED_BYTES] = {0};
	uint64_t before;

	(void)state;
	for (uint32_t number = 0; number < EXO_NICS_MAX; number++) {
		before = drawn(number, seed, SEED_BYTES);
		for (uint32_t bit = 0; bit < 8 * SEED_BYTES; bit++) {
			seed[bit / 8] ^= 1 << bit % 8;
			/* the lowest bit of the last byte makes sure that it is not 0 */
			if (bit != 8 * (SEED_BYTES - 1)) {
				assert_int_not_equal(drawn(number, seed, SEED_BYTES), before);
			}
			seed[bit / 8] ^= 1 << bit % 8;
		}
	}
}

/* Two starts at the same time have about half of their bits in common. */
static void
starts_differ(void **state)
{
	uint64_t random = 3;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		uint8_t seed[2][SEED_BYTES];
		int differ;

		for (uint32_t b = 0; b < 2 * SEED_BYTES; b++) {
			seed[b / SEED_BYTES][b % SEED_BYTES] = (uint8_t)rand_next(&random);
		}
		differ = __builtin_popcountll(drawn(0, seed[0], SEED_BYTES) ^
					      drawn(0, seed[1], SEED_BYTES));
		assert_in_range(differ, 8, BITS - 8);
	}
}

/* Where there is no entropy it is still not the state that never leaves 0. */
static void
is_never_stuck(void **state)
{
	(void)state;
	assert_int_not_equal(drawn(0, NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bit_counts),
		cmocka_unit_test(starts_differ),
		cmocka_unit_test(is_never_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
