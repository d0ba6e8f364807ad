/* SPDX-License-Identifier: MIT
 * net_reassemble_test.c: fragments in every order, twice, overlapping, lying about the end, and
 * against the obvious version: a map of which bytes have come.
 *
 * links: lib/net/reassemble.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "lib/net/reassemble.h"

#define S 1000000000ull

static struct reassembler all;
static uint8_t content[REASSEMBLE_BYTES + 8];
static const uint8_t header[IP_HEADER] = {0x45};

static int
clear(void **state)
{
	uint64_t seed = 3;

	(void)state;
	memset(&all, 0, sizeof(all));
	for (uint32_t i = 0; i < sizeof(content); i++) {
		content[i] = (uint8_t)rand_next(&seed);
	}
	return 0;
}

/* A fragment of datagram `id`, whose bytes are those of content[]. */
static struct reassembly *
add(uint16_t id, uint32_t offset, uint32_t bytes, bool more, uint64_t now_ns)
{
	struct fragment fragment = {.from = 1,
				    .to = 2,
				    .id = id,
				    .protocol = IP_UDP,
				    .more = more,
				    .offset = offset,
				    .header = header,
				    .header_bytes = sizeof(header),
				    .data = content + offset,
				    .bytes = bytes};
	struct reassembly *one = reassemble_add(&all, &fragment, now_ns);

	assert_true(one || reassemble_check(&all));
	return one;
}

static void
expect_whole(struct reassembly *one, uint32_t bytes)
{
	assert_non_null(one);
	assert_int_equal(one->bytes, bytes);
	assert_memory_equal(one->data, content, bytes);
	reassemble_free(one);
	assert_true(reassemble_check(&all));
}

/* All orders of 5 pieces, the last of which is short. */
static void
every_order(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 5 * 4 * 3 * 2; code++) {
		uint32_t left[5] = {0, 1, 2, 3, 4};
		uint32_t rest = code;
		struct reassembly *one = NULL;

		for (uint32_t n = 5; n > 0; n--) {
			uint32_t pick = rest % n;
			uint32_t piece = left[pick];

			rest /= n;
			left[pick] = left[n - 1];
			assert_null(one);
			one = add(1, piece * 16, piece == 4 ? 3 : 16, piece < 4, 0);
		}
		expect_whole(one, 67);
	}
	assert_int_equal(all.refused, 0);
}

static void
the_largest(void **state)
{
	struct reassembly *one = NULL;

	(void)state;
	for (uint32_t at = 0; at < REASSEMBLE_BYTES; at += 1480) {
		uint32_t bytes = REASSEMBLE_BYTES - at < 1480 ? REASSEMBLE_BYTES - at : 1480;
		assert_null(one);
		one = add(1, at, bytes, at + bytes < REASSEMBLE_BYTES, 0);
	}
	expect_whole(one, REASSEMBLE_BYTES);
	assert_null(add(2, 65512, 3, false, 0));
	for (uint32_t at = 0; at < 65512; at += 8) {
		one = add(2, at, 8, true, 0);
	}
	expect_whole(one, REASSEMBLE_BYTES);
}

static void
what_cannot_be_is_nothing(void **state)
{
	(void)state;
	assert_null(add(1, 0, 0, true, 0));
	assert_null(add(1, 0, 9, true, 0));      /* not the last, no multiple of 8 */
	assert_null(add(1, 65512, 4, false, 0)); /* beyond the largest datagram */
	assert_null(add(1, 65512, 8, true, 0));
	assert_int_equal(all.slot[0].state, REASSEMBLY_FREE);
}

static void
twice_is_once(void **state)
{
	(void)state;
	add(1, 16, 16, true, 0);
	assert_null(add(1, 16, 16, true, 0));
	add(1, 32, 5, false, 0);
	assert_null(add(1, 32, 5, false, 0));
	assert_null(add(1, 16, 8, true, 0)); /* a part of it, with the same bytes */
	expect_whole(add(1, 0, 16, true, 0), 37);
	assert_int_equal(all.refused, 0);
}

/* The fragments of a datagram and one more that must spoil it. */
static void
expect_refused(const uint32_t (*pieces)[3], uint32_t count)
{
	clear(NULL);
	for (uint32_t i = 0; i < count; i++) {
		assert_null(add(1, pieces[i][0], pieces[i][1], pieces[i][2], 0));
	}
	assert_int_equal(all.refused, 1);
	assert_int_equal(all.slot[0].state, REASSEMBLY_REFUSED);
	assert_null(add(1, 0, 8, true, 0));
	assert_null(
		add(1, 0, 800, false, 0)); /* a whole one in a single piece is thrown away too */
}

static void
overlaps_spoil_all(void **state)
{
	static const uint32_t before[][3] = {{16, 16, 1}, {8, 16, 1}};
	static const uint32_t behind[][3] = {{16, 16, 1}, {24, 16, 1}};
	static const uint32_t around[][3] = {{16, 16, 1}, {8, 32, 1}};
	static const uint32_t last[][3] = {{16, 16, 1}, {24, 16, 0}};
	static const uint32_t bridge[][3] = {{0, 16, 1}, {32, 16, 1}, {8, 32, 1}};

	(void)state;
	expect_refused(before, ARRAY_SIZE(before));
	expect_refused(behind, ARRAY_SIZE(behind));
	expect_refused(around, ARRAY_SIZE(around));
	expect_refused(last, ARRAY_SIZE(last));
	expect_refused(bridge, ARRAY_SIZE(bridge));
}

static void
an_end_that_moves_spoils_all(void **state)
{
	static const uint32_t longer[][3] = {{32, 8, 0}, {40, 8, 0}};
	static const uint32_t shorter[][3] = {{32, 8, 0}, {16, 8, 0}};
	static const uint32_t beyond[][3] = {{32, 8, 0}, {40, 8, 1}};
	static const uint32_t inside[][3] = {{32, 8, 1}, {16, 8, 0}};
	static const uint32_t now_more[][3] = {{32, 8, 0}, {32, 8, 1}};

	(void)state;
	expect_refused(longer, ARRAY_SIZE(longer));
	expect_refused(shorter, ARRAY_SIZE(shorter));
	expect_refused(beyond, ARRAY_SIZE(beyond));
	expect_refused(inside, ARRAY_SIZE(inside));
	expect_refused(now_more, ARRAY_SIZE(now_more));
}

static void
other_bytes_at_the_same_place_spoil_all(void **state)
{
	(void)state;
	add(1, 0, 16, true, 0);
	content[9] ^= 1;
	assert_null(add(1, 0, 16, true, 0));
	assert_int_equal(all.refused, 1);
}

static void
many_holes_are_given_up(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < REASSEMBLE_HOLES; i++) {
		assert_null(add(1, 8 + 16 * i, 8, true, 0));
	}
	assert_int_equal(all.refused, 1);
}

static void
datagrams_stay_apart(void **state)
{
	(void)state;
	add(1, 0, 8, true, 0);
	add(2, 8, 8, false, 0);
	add(3, 0, 8, true, 0);
	expect_whole(add(2, 0, 8, true, 0), 16);
	expect_whole(add(1, 8, 3, false, 0), 11);
	expect_whole(add(3, 8, 1, false, 0), 9);
}

static void
time_ends_it(void **state)
{
	(void)state;
	assert_true(reassemble_deadline(&all) == UINT64_MAX);
	add(1, 0, 8, true, 5 * S);
	add(1, 16, 8, true, 50 * S); /* the first one counts */
	assert_int_equal(reassemble_deadline(&all), 65 * S);
	assert_null(reassemble_expired(&all, 65 * S - 1));
	struct reassembly *one = reassemble_expired(&all, 65 * S);
	assert_non_null(one);
	assert_int_equal(one->head_bytes, IP_HEADER + 8);
	assert_int_equal(one->header_bytes, IP_HEADER);
	assert_memory_equal(one->head, header, IP_HEADER);
	assert_memory_equal(one->head + IP_HEADER, content, 8);
	reassemble_free(one);
	assert_null(reassemble_expired(&all, 1000 * S));
	add(2, 16, 8, true, 50 * S);
	assert_int_equal(reassemble_expired(&all, 1000 * S)->head_bytes, 0);
}

static void
the_oldest_makes_room(void **state)
{
	(void)state;
	for (uint16_t id = 1; id <= REASSEMBLIES + 1; id++) {
		add(id, 0, 8, true, id * S);
	}
	assert_int_equal(all.evicted, 1);
	for (uint16_t id = 2; id <= REASSEMBLIES + 1; id++) {
		expect_whole(add(id, 8, 8, false, 9 * S), 16);
	}
}

/* Random pieces, mostly of one cut of the datagram, sometimes not: what the map of bytes says is
 * whole must come out, and nothing else. */
static void
as_the_map_of_bytes(void **state)
{
	static bool came[1024];
	uint64_t seed = 11;
	uint32_t whole = 0;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t pieces = 1 + (uint32_t)rand_below(&seed, 8);
		uint32_t bytes = pieces * 8 - (uint32_t)rand_below(&seed, 8);
		bool is_spoilt = false;

		reassemble_free(&all.slot[0]);
		all.refused = 0;
		memset(came, 0, sizeof(came));
		for (uint32_t step = 0; step < 4 * pieces && !is_spoilt; step++) {
			uint32_t first = (uint32_t)rand_below(&seed, pieces);
			uint32_t count = 1 + (uint32_t)rand_below(&seed, 2);
			uint32_t end = (first + count) * 8 < bytes ? (first + count) * 8 : bytes;
			uint32_t fresh = 0;

			for (uint32_t i = first * 8; i < end; i++) {
				fresh += !came[i];
				came[i] = true;
			}
			is_spoilt = fresh && fresh < end - first * 8;
			struct reassembly *one = add(7, first * 8, end - first * 8, end < bytes, 0);
			bool is_whole = !is_spoilt && !memchr(came, false, bytes);
			assert_int_equal(one != NULL, is_whole);
			if (one) {
				expect_whole(one, bytes);
				whole++;
				break;
			}
		}
		assert_int_equal(all.refused, is_spoilt);
	}
	assert_in_range(whole, 3000, 19000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_order, clear),
		cmocka_unit_test_setup(the_largest, clear),
		cmocka_unit_test_setup(what_cannot_be_is_nothing, clear),
		cmocka_unit_test_setup(twice_is_once, clear),
		cmocka_unit_test_setup(overlaps_spoil_all, clear),
		cmocka_unit_test_setup(an_end_that_moves_spoils_all, clear),
		cmocka_unit_test_setup(other_bytes_at_the_same_place_spoil_all, clear),
		cmocka_unit_test_setup(many_holes_are_given_up, clear),
		cmocka_unit_test_setup(datagrams_stay_apart, clear),
		cmocka_unit_test_setup(time_ends_it, clear),
		cmocka_unit_test_setup(the_oldest_makes_room, clear),
		cmocka_unit_test_setup(as_the_map_of_bytes, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
