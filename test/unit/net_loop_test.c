/* SPDX-License-Identifier: MIT
 * net_loop_test.c: what is sent on the loop comes back, once, in order, whole.
 *
 * links: kern/dev/net_loop.c arch/host/mmio.c arch/host/ram.c test/fake/tags.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "arch/host/ram.h"
#include "kern/dev/net_loop.h"
#include "test/fake/tags.h"

#define RAM 0x240000000ull

static uint8_t ram[8192];
static struct net *net;
static struct tags sent;
static struct {
	unsigned frames;
	size_t bytes;
	uint8_t last[2048];
	unsigned answers_left; /* whoever receives sends that many more */
} got;

static int
send(uint64_t at, uint32_t bytes, uint32_t tag)
{
	struct net_segment segment = {{RAM + at}, bytes};
	int error = net->ops->transmit(net, &segment, 1, tag, true);

	if (!error) {
		tags_submitted(&sent, tag);
	}
	return error;
}

static void
receive(void *context, const uint8_t *frame, size_t bytes)
{
	assert_ptr_equal(context, &sent);
	assert_int_equal((uintptr_t)frame % 8, NET_FRAME_SKEW);
	memcpy(got.last, frame, bytes);
	got.bytes = bytes;
	got.frames++;
	if (got.answers_left) {
		got.answers_left--;
		assert_int_equal(send(0, 60, got.frames % NET_TAGS_MAX), 0);
	}
}

static int
open_loop(void **unused)
{
	(void)unused;
	host_ram_set(ram, RAM, sizeof(ram));
	for (unsigned i = 0; i < sizeof(ram); i++) {
		ram[i] = (uint8_t)(i * 31 + i / 256);
	}
	memset(&sent, 0, sizeof(sent));
	memset(&got, 0, sizeof(got));
	net = net_loop_open();
	net->receive = receive;
	net->done = tags_done;
	net->context = &sent;
	return 0;
}

/* What a frame costs: its pieces, and that it is received. */
static uint32_t
work_of(uint32_t bytes)
{
	uint32_t work = 1;

	while (bytes) {
		uint32_t piece = bytes < 256 ? bytes : 256;

		work += piece < 128 ? 1 : piece / 128;
		bytes -= piece;
	}
	return work;
}

/* As many as it takes; what all of them cost together. */
static uint32_t
turns(uint32_t budget)
{
	uint32_t work = 0;
	bool more;

	do {
		more = net->ops->interrupt(net, budget);
		assert_in_range(net->work, 1, budget + 2);
		work += net->work;
	} while (more);
	return work;
}

static void
frames_come_back(void **unused)
{
	(void)unused;
	for (uint32_t bytes = NET_FRAME_MIN; bytes <= NET_FRAME_MAX; bytes++) {
		assert_int_equal(send(bytes, bytes, bytes % NET_TAGS_MAX), 0);
		assert_true(net->wants_turn);
		assert_int_equal(turns(1), work_of(bytes));
		assert_false(net->wants_turn);
		assert_int_equal(got.bytes, bytes);
		assert_memory_equal(got.last, ram + bytes, bytes);
	}
	assert_int_equal(sent.reports, NET_FRAME_MAX - NET_FRAME_MIN + 1);
	assert_int_equal(sent.result[20], 0);
}

static void
pieces_are_put_together(void **unused)
{
	(void)unused;
	const struct net_segment pieces[4] = {
		{{RAM + 700}, 14}, {{RAM}, 20}, {{RAM + 100}, 1}, {{RAM + 5000}, 900}};

	assert_int_equal(net->ops->transmit(net, pieces, 4, 63, true), 0);
	tags_submitted(&sent, 63);
	assert_true(net->ops->interrupt(net, 10));
	assert_int_equal(got.frames, 0); /* a large one is received in a turn of its own */
	assert_true(net->ops->interrupt(net, 0));
	assert_int_equal(got.frames, 0); /* which is one that has a budget */
	turns(8);
	assert_int_equal(got.bytes, 935);
	assert_memory_equal(got.last, ram + 700, 14);
	assert_memory_equal(got.last + 14, ram, 20);
	assert_memory_equal(got.last + 34, ram + 100, 1);
	assert_memory_equal(got.last + 35, ram + 5000, 900);
	assert_int_equal(tags_owed(&sent), 0);
}

static void
all_tags_fly_in_order(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < NET_TAGS_MAX; i++) {
			assert_int_equal(send(i, 60, (i * 5 + round) % NET_TAGS_MAX), 0);
		}
		assert_int_equal(send(0, 60, 3), E_BUSY);
		for (uint32_t i = 0; i < NET_TAGS_MAX; i++) {
			assert_int_equal(net->ops->interrupt(net, 1), i < NET_TAGS_MAX - 1);
			assert_memory_equal(got.last, ram + i, 60);
		}
	}
	assert_int_equal(got.frames, 100 * NET_TAGS_MAX);
	assert_int_equal(sent.reports, 100 * NET_TAGS_MAX);
}

static void
answers_have_a_turn_of_their_own(void **unused)
{
	(void)unused;
	got.answers_left = 1000;
	assert_int_equal(send(0, 60, 0), 0);
	assert_true(net->ops->interrupt(net, 0));
	assert_int_equal(got.frames, 0);
	for (unsigned n = 1; net->ops->interrupt(net, 8); n++) {
		assert_int_equal(got.frames, 4 * n);
		assert_true(net->wants_turn);
	}
	assert_int_equal(got.frames, 1001);
	assert_int_equal(tags_owed(&sent), 0);
}

static void
impossible_frames_are_refused(void **unused)
{
	(void)unused;
	const struct net_segment pieces[5] = {
		{{RAM}, 60}, {{RAM}, 60}, {{RAM}, 60}, {{RAM}, 60}, {{RAM}, 60}};
	const struct net_segment none[2] = {{{RAM}, 60}, {{RAM}, 0}};
	const struct net_segment wraps[2] = {{{RAM}, 61}, {{RAM}, 0xffffffff}};
	const struct net_segment large[2] = {{{RAM}, 1500}, {{RAM}, 15}};

	assert_int_equal(net->ops->transmit(net, pieces, 0, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, pieces, 5, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, pieces, 1, NET_TAGS_MAX, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, none, 2, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, wraps, 2, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, large, 2, 0, true), E_RANGE);
	assert_int_equal(send(0, 13, 0), E_RANGE);
	assert_false(net->wants_turn);
	assert_int_equal(net->ops->set_filter(net, true, NULL, 0), E_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_come_back, open_loop),
		cmocka_unit_test_setup(pieces_are_put_together, open_loop),
		cmocka_unit_test_setup(all_tags_fly_in_order, open_loop),
		cmocka_unit_test_setup(answers_have_a_turn_of_their_own, open_loop),
		cmocka_unit_test_setup(impossible_frames_are_refused, open_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
