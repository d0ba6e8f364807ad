/* SPDX-License-Identifier: MIT
 * checked_test.c: the helpers that are only headers: arithmetic, lists, rings, bitmaps, rand.
 *
 * links: ; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bitmap.h"
#include "lib/base/checked.h"
#include "lib/base/list.h"
#include "lib/base/rand.h"
#include "lib/base/ring.h"

typedef unsigned __int128 wide;

/* Numbers near every power of two, where sums and products begin not to fit. */
static uint64_t
edge(uint64_t *seed)
{
	return (1ull << rand_below(seed, 64)) + rand_below(seed, 5) - 2;
}

static void
test_arithmetic(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t a = edge(&seed);
		uint64_t b = edge(&seed);
		uint64_t out;
		uint32_t small;

		assert_int_equal(checked_add_u64(a, b, &out), (wide)a + b <= UINT64_MAX);
		assert_true(out == a + b);
		assert_int_equal(checked_mul_u64(a, b, &out), (wide)a * b <= UINT64_MAX);
		assert_true(out == a * b);
		assert_int_equal(checked_sub_u64(a, b, &out), a >= b);
		assert_int_equal(checked_add_u32((uint32_t)a, (uint32_t)b, &small),
				 (wide)(uint32_t)a + (uint32_t)b <= UINT32_MAX);
		assert_int_equal(checked_mul_u32((uint32_t)a, (uint32_t)b, &small),
				 (wide)(uint32_t)a * (uint32_t)b <= UINT32_MAX);
		assert_int_equal(checked_sub_u32((uint32_t)a, (uint32_t)b, &small),
				 (uint32_t)a >= (uint32_t)b);
	}
}

static void
test_ranges(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t start = edge(&seed);
		uint64_t count = edge(&seed);
		uint64_t limit = edge(&seed);

		assert_int_equal(range_within(start, count, limit), (wide)start + count <= limit);
	}
	for (uint64_t i = 0; i < 8 * 8 * 8 * 8; i++) {
		uint64_t a = i % 8;
		uint64_t a_count = i / 8 % 8;
		uint64_t b = i / 64 % 8;
		uint64_t b_count = i / 512;
		bool shares = false;

		for (uint64_t x = a; x < a + a_count; x++) {
			shares = shares || (x >= b && x < b + b_count);
		}
		assert_int_equal(range_overlaps(a, a_count, b, b_count), shares);
	}
	assert_true(range_overlaps(UINT64_MAX, 1, UINT64_MAX - 1, 2));
	assert_false(range_overlaps(UINT64_MAX - 1, 1, UINT64_MAX, 1));
}

static void
test_alignment(void **state)
{
	uint64_t out;

	(void)state;
	assert_true(is_power_of_two(1) && is_power_of_two(1ull << 63));
	assert_false(is_power_of_two(0) || is_power_of_two(6));
	for (uint64_t value = 0; value < 100; value++) {
		assert_int_equal(align_down_u64(value, 8), value / 8 * 8);
		assert_int_equal(align_up_u64(value, 8), (value + 7) / 8 * 8);
		assert_int_equal(is_aligned(value, 8), value % 8 == 0);
	}
	assert_true(checked_align_up_u64(UINT64_MAX - 4095, 4096, &out));
	assert_true(out == UINT64_MAX - 4095);
	assert_false(checked_align_up_u64(UINT64_MAX - 4094, 4096, &out));
}

struct item {
	int value;
	struct list_node node;
};

static void
test_list(void **state)
{
	struct list_node head;
	struct list_node *node;
	struct list_node *after;
	struct item items[4] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
	int expected = 0;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	assert_null(list_first(&head));
	assert_null(list_pop_front(&head));
	list_push_back(&head, &items[1].node);
	list_push_back(&head, &items[3].node);
	list_push_front(&head, &items[0].node);
	list_insert_after(&items[1].node, &items[2].node);
	list_for_each(node, &head)
	{
		assert_int_equal(container_of(node, struct item, node)->value, expected++);
		assert_ptr_equal(node->next->prev, node);
	}
	assert_int_equal(expected, ARRAY_SIZE(items));
	list_for_each_safe(node, after, &head)
	{
		if (container_of(node, struct item, node)->value % 2) {
			list_remove(node);
			list_remove(node);
		}
	}
	assert_true(list_is_empty(&items[1].node));
	assert_ptr_equal(list_pop_front(&head), &items[0].node);
	assert_ptr_equal(list_first(&head), &items[2].node);
	assert_ptr_equal(list_pop_front(&head), &items[2].node);
	assert_true(list_is_empty(&head));
}

/* Free-running indices against plain counters, across the wrap at 2^32. */
static void
test_ring(void **state)
{
	const uint32_t size = 8;
	uint64_t seed = 3;
	uint32_t head = UINT32_MAX - 20;
	uint32_t tail = head;
	uint32_t filled = 0;
	uint32_t slot = ring_slot(head, size);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(ring_valid(head, tail, size));
		assert_int_equal(ring_count(head, tail), filled);
		assert_int_equal(ring_space(head, tail, size), size - filled);
		assert_int_equal(ring_is_empty(head, tail), filled == 0);
		assert_int_equal(ring_is_full(head, tail, size), filled == size);
		assert_int_equal(ring_slot(head, size), slot);
		if (filled < size && (!filled || rand_below(&seed, 2))) {
			head++;
			filled++;
			slot = (slot + 1) % size;
		} else {
			tail++;
			filled--;
		}
	}
	assert_false(ring_valid(head + size + 1, head, size));
	assert_false(ring_valid(head - 1, head, size));
}

static void
test_bitmap(void **state)
{
	enum { BITS = 200 };
	uint64_t words[BITMAP_WORDS(BITS)] = {0};
	bool model[BITS] = {false};
	uint64_t seed = 4;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t bit = rand_below(&seed, BITS);
		size_t from = rand_below(&seed, BITS + 1);
		size_t set = from;
		size_t clear = from;

		model[bit] = rand_below(&seed, 8) < (round / 500 % 2 ? 1u : 7u);
		(model[bit] ? bitmap_set : bitmap_clear)(words, bit);
		assert_int_equal(bitmap_get(words, bit), model[bit]);
		while (set < BITS && !model[set]) {
			set++;
		}
		while (clear < BITS && model[clear]) {
			clear++;
		}
		assert_int_equal(bitmap_next_set(words, BITS, from), set);
		assert_int_equal(bitmap_next_clear(words, BITS, from), clear);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_int_equal(word_lowest_bit(1ull << bit), bit);
		assert_int_equal(word_lowest_bit(UINT64_MAX << bit), bit);
	}
}

/* The first value by the published recurrence, multiplied in 128 bits; then the spread. */
static void
test_rand(void **state)
{
	uint64_t seed = 1;
	uint64_t x = 1;
	unsigned seen[16] = {0};

	(void)state;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	assert_true(rand_next(&seed) == (uint64_t)((wide)x * 0x2545f4914f6cdd1dull));
	assert_true(seed == x);
	for (int i = 0; i < 16000; i++) {
		seen[rand_below(&seed, 16)]++;
	}
	for (int i = 0; i < 16; i++) {
		assert_in_range(seen[i], 800, 1200);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_alignment),  cmocka_unit_test(test_list),
		cmocka_unit_test(test_ring),       cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_rand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
