/* SPDX-License-Identifier: MIT
 * net_virtio_test.c: virtio NICs that are honest, in every configuration.
 *
 * links: kern/dev/net_virtio.c kern/dev/net_virtio_orders.c kern/dev/virtio_mmio.c
 * links: kern/dev/virtq.c arch/host/mmio.c arch/host/ram.c test/fake/virtio.c
 * links: test/fake/tags.c test/unit/net_virtio_rig.c
 */
#include "test/unit/net_virtio_rig.h"

#include <string.h>

#include "lib/base/checked.h"

/* --- what it must do ----------------------------------------------------------------------------
 */

static void
probe_starts_the_device(void **unused)
{
	(void)unused;
	struct fake_chain chain;
	unsigned buffers = 0;

	assert_memory_equal(net->mac, mac, 6);
	assert_int_equal(nic.status, FAKE_STATUS_RUNNING);
	assert_int_equal(nic.accepted, FAKE_F_VERSION_1 | F_MAC | extras);
	assert_true(nic.queues[RECEIVE].notified > 0);
	for (; fake_virtio_take(&nic, RECEIVE, &chain); buffers++) {
		assert_int_equal(chain.readable, 0);
		assert_true(fake_chain_writable_bytes(&chain) >= HEADER + NET_FRAME_MAX);
	}
	assert_int_equal(buffers, 64);
}

static void
frames_arrive(void **unused)
{
	(void)unused;
	for (size_t bytes = NET_FRAME_MIN; bytes <= NET_FRAME_MAX; bytes++) {
		arrive((uint8_t)bytes, bytes);
		assert_false(net->ops->interrupt(net, 10));
		assert_int_equal(got.bytes, bytes);
		assert_int_equal(got.last[0], (uint8_t)bytes);
		assert_int_equal(got.last[bytes - 1], (uint8_t)bytes);
	}
	assert_int_equal(got.frames, NET_FRAME_MAX - NET_FRAME_MIN + 1);
	assert_int_equal(net->dropped, 0);
}

static void
buffers_are_given_back(void **unused)
{
	(void)unused;
	unsigned notified = nic.queues[RECEIVE].notified;

	for (unsigned round = 0; round < 2000; round++) {
		for (unsigned i = 0; i < 35; i++) {
			arrive((uint8_t)i, 100 + i);
		}
		assert_false(net->ops->interrupt(net, 64));
	}
	assert_int_equal(got.frames, 70000);
	/* a device that has 29 buffers left asks for none of those that are given back */
	assert_int_equal(nic.queues[RECEIVE].notified - notified, extras & F_EVENT ? 0 : 2000);
	assert_false(net->broken);
}

static void
buffers_may_come_back_in_any_order(void **unused)
{
	(void)unused;
	struct fake_chain chains[64];
	uint8_t wire[HEADER + 64] = {0};

	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 64; i++) {
			chains[i] = take(RECEIVE);
		}
		for (unsigned i = 0; i < 64; i++) {
			memset(wire + HEADER, (int)i, 64);
			fake_chain_write(&chains[(i * 29 + round) % 64], 0, wire, sizeof(wire));
			fake_virtio_return(&nic, RECEIVE, chains[(i * 29 + round) % 64].id,
					   sizeof(wire));
		}
		for (unsigned i = 0; i < 64; i++) {
			assert_int_equal(net->ops->interrupt(net, 1), i < 63);
			assert_int_equal(got.last[5], i);
		}
	}
}

static void
frames_of_impossible_length_are_dropped(void **unused)
{
	(void)unused;
	const size_t lengths[] = {0, 1, 13, 1515, 1518, 1524};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		arrive(1, lengths[i]);
		assert_false(net->ops->interrupt(net, 10));
		assert_int_equal(net->dropped, i + 1);
	}
	for (uint32_t bytes = 0; bytes < HEADER; bytes++) {
		struct fake_chain chain = take(RECEIVE);

		fake_virtio_return(&nic, RECEIVE, chain.id, bytes);
		assert_false(net->ops->interrupt(net, 10));
	}
	assert_int_equal(net->dropped, ARRAY_SIZE(lengths) + HEADER);
	assert_int_equal(got.frames, 0);
	for (unsigned i = 0; i < 100; i++) { /* their buffers came back */
		arrive(7, 60);
		net->ops->interrupt(net, 10);
	}
	assert_int_equal(got.frames, 100);
}

static void
frames_leave(void **unused)
{
	(void)unused;
	uint8_t *data = fake_data();
	uint8_t frame[2048];
	uint64_t at = fake_data_address();
	const struct net_segment pieces[4] = {
		{{at + 700}, 14}, {{at}, 20}, {{at + 100}, 1}, {{at + 5000}, 900}};

	for (unsigned i = 0; i < FAKE_DATA_BYTES; i++) {
		data[i] = (uint8_t)(i * 31 + i / 256);
	}
	memset(data + 700 - NET_FRAME_ROOM, 0, NET_FRAME_ROOM);
	assert_int_equal(net->ops->transmit(net, pieces, 4, 63, true), 0);
	tags_submitted(&sent, 63);
	assert_int_equal(nic.queues[TRANSMIT].notified, 1);
	assert_int_equal(leave(frame), 935);
	assert_memory_equal(frame, data + 700, 14);
	assert_memory_equal(frame + 14, data, 20);
	assert_memory_equal(frame + 34, data + 100, 1);
	assert_memory_equal(frame + 35, data + 5000, 900);
	assert_false(net->ops->interrupt(net, 10));
	assert_int_equal(sent.reports, 1);
	assert_int_equal(sent.result[63], 0);
}

static void
all_tags_fly(void **unused)
{
	(void)unused;
	uint64_t at = fake_data_address() + NET_FRAME_ROOM;
	struct net_segment pieces[4] = {{{at}, 14}, {{at}, 500}, {{at}, 500}, {{at}, 500}};
	uint8_t frame[2048];

	for (unsigned round = 0; round < 1100; round++) {
		for (uint32_t tag = 0; tag < NET_TAGS_MAX; tag++) {
			assert_int_equal(net->ops->transmit(net, pieces, 4, tag, true), 0);
			tags_submitted(&sent, tag);
		}
		assert_int_equal(send(60, round % 64), E_BUSY);
		for (uint32_t tag = 0; tag < NET_TAGS_MAX; tag++) {
			assert_int_equal(leave(frame), NET_FRAME_MAX);
		}
		assert_false(net->ops->interrupt(net, 64));
	}
	assert_int_equal(sent.reports, 1100 * NET_TAGS_MAX); /* more than 65536 */
	assert_int_equal(tags_owed(&sent), 0);
}

static void
a_full_queue_is_busy(void **unused)
{
	(void)unused;
	uint8_t frame[2048];

	nic.queue_max[TRANSMIT] = 8;
	assert_int_equal(probe(), 0);
	assert_int_equal(send(60, 0), 0);
	assert_int_equal(send(60, 0), E_BUSY); /* that tag is in flight */
	for (uint32_t tag = 1; tag < 8; tag++) {
		assert_int_equal(send(60, tag), 0);
	}
	assert_int_equal(send(60, 8), E_BUSY);
	leave(frame);
	assert_int_equal(send(60, 8), E_BUSY);
	assert_false(net->ops->interrupt(net, 10));
	assert_int_equal(send(60, 8), 0);
	assert_int_equal(tags_owed(&sent), 8);
}

static void
impossible_frames_are_refused(void **unused)
{
	(void)unused;
	uint64_t at = fake_data_address();
	const struct net_segment pieces[5] = {
		{{at}, 60}, {{at}, 60}, {{at}, 60}, {{at}, 60}, {{at}, 60}};
	const struct net_segment none[2] = {{{at}, 60}, {{at}, 0}};
	const struct net_segment wraps[2] = {{{at}, 0xffffffff}, {{at}, 61}};
	const struct net_segment large[2] = {{{at}, 1500}, {{at}, 15}};

	assert_int_equal(net->ops->transmit(net, pieces, 0, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, pieces, 5, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, pieces, 1, NET_TAGS_MAX, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, none, 2, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, wraps, 2, 0, true), E_RANGE);
	assert_int_equal(net->ops->transmit(net, large, 2, 0, true), E_RANGE);
	assert_int_equal(send(13, 0), E_RANGE);
	assert_int_equal(send(1515, 0), E_RANGE);
	assert_int_equal(nic.queues[TRANSMIT].notified, 0);
	assert_int_equal(send(14, 0), 0);
	assert_int_equal(send(1514, 1), 0);
}

static void
receive_may_transmit(void **unused)
{
	(void)unused;
	uint8_t frame[2048];

	got.answers_left = 3;
	for (unsigned i = 0; i < 5; i++) {
		arrive(1, 60);
	}
	assert_false(net->ops->interrupt(net, 10));
	assert_int_equal(got.frames, 5);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(leave(frame), 60);
	}
	assert_false(net->ops->interrupt(net, 10));
	assert_int_equal(sent.reports, 3);
}

static void
the_budget_is_kept(void **unused)
{
	(void)unused;
	uint8_t frame[2048];

	for (uint32_t tag = 0; tag < 4; tag++) {
		send(60, tag);
		leave(frame);
		arrive(1, 60);
	}
	assert_true(net->ops->interrupt(net, 0));
	assert_int_equal(sent.reports + got.frames, 0);
	assert_true(net->ops->interrupt(net, 3));
	assert_int_equal(sent.reports + got.frames, 3);
	assert_true(net->ops->interrupt(net, 3));
	assert_int_equal(sent.reports + got.frames, 6);
	assert_false(net->ops->interrupt(net, 4));
	assert_int_equal(got.frames, 4);
}

static void
what_has_left_keeps_no_frame_waiting(void **unused)
{
	(void)unused;
	uint8_t frame[2048];

	for (uint32_t tag = 0; tag < 16; tag++) {
		send(60, tag);
		leave(frame);
	}
	arrive(1, 60);
	assert_true(net->ops->interrupt(net, 8));
	assert_int_equal(got.frames, 1);
	assert_int_equal(net->work, 8);
	while (net->ops->interrupt(net, 8)) {
	}
	assert_int_equal(sent.reports, 16);
}

static void
three_frames_are_the_work_of_two_completions(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 12; i++) {
		arrive(1, 60);
	}
	assert_true(net->ops->interrupt(net, 8));
	assert_int_equal(got.frames, 11);
	assert_int_equal(net->work, 8);
	assert_false(net->ops->interrupt(net, 8));
	assert_int_equal(got.frames, 12);
}

/* --- who tells whom -------------------------------------------------------------------------- */

/* Frame after frame, with the driver looking in between or not: each one that it has not seen when
 * interrupt() says that there is no more interrupts. */
static void
no_frame_is_slept_over(void **unused)
{
	(void)unused;
	unsigned seen = 0;

	for (unsigned round = 0; round < 3000; round++) {
		nic.interrupt_status = 0;
		for (unsigned i = 0; i < round % 5; i++) {
			arrive(1, 60);
		}
		assert_true(nic.interrupt_status || round % 5 == 0);
		got.more_left = round % 3;
		while (net->ops->interrupt(net, round % 4)) {
			assert_int_equal(nic.interrupt_status, 0);
			round++;
		}
		assert_true(nic.queues[RECEIVE].used_index == (uint16_t)got.frames);
		seen = got.frames;
	}
	assert_true(seen > 3000);
}

static void
a_burst_interrupts_once(void **unused)
{
	(void)unused;
	unsigned *interrupts = &nic.queues[RECEIVE].interrupts;

	for (unsigned round = 0; round < 3000; round++) {
		unsigned before = *interrupts;

		for (unsigned i = 0; i < 20; i++) {
			arrive(1, 60);
		}
		assert_int_equal(*interrupts - before, extras & F_EVENT ? 1 : 20);
		assert_true(net->ops->interrupt(net, 8)); /* it comes back by itself */
		before = *interrupts;
		arrive(1, 60);
		assert_int_equal(*interrupts, before);
		assert_false(net->ops->interrupt(net, 64));
	}
}

/* Whatever it is that the device asks for. */
static void
the_device_is_told_when_it_asks(void **unused)
{
	(void)unused;
	struct fake_queue *q = &nic.queues[TRANSMIT];
	uint8_t frame[2048];

	for (unsigned index = 0; index < 70000; index++) {
		uint16_t asks = (uint16_t)(index + index % 7 - 3);
		unsigned before = q->notified;

		fake_virtio_ask(&nic, TRANSMIT, asks);
		assert_int_equal(send(60, 0), 0);
		assert_int_equal(q->notified - before, asks == (uint16_t)index);
		leave(frame);
		assert_false(net->ops->interrupt(net, 8));
	}
}

/* Of buffers that are given back together, for any of them. */
static void
the_device_is_told_of_buffers_together(void **unused)
{
	(void)unused;
	struct fake_queue *q = &nic.queues[RECEIVE];

	for (unsigned round = 0; round < 2000; round++) {
		uint16_t next = (uint16_t)(q->taken + 64); /* of those to be given back */
		unsigned before = q->notified;
		unsigned count = 1 + round % 5;

		for (unsigned i = 0; i < count; i++) {
			arrive(1, 60);
		}
		fake_virtio_ask(&nic, RECEIVE, (uint16_t)(next + round % 8));
		assert_false(net->ops->interrupt(net, 64));
		assert_int_equal(q->notified - before, round % 8 < count);
	}
}

/* Of those that nobody awaits no interrupt tells, and none is taken back, before one is awaited. */
static void
what_nobody_awaits_waits(void **unused)
{
	(void)unused;
	unsigned *interrupts = &nic.queues[TRANSMIT].interrupts;
	uint8_t frame[2048];

	assert_int_equal(net->unawaited_most, 24);
	for (unsigned round = 0; round < 3000; round++) {
		uint32_t count = round % net->unawaited_most + 1;
		unsigned before = *interrupts;
		unsigned reports = sent.reports;

		for (uint32_t tag = 0; tag < count; tag++) {
			assert_int_equal(send_as(60, tag, false), 0);
			leave(frame);
		}
		arrive(1, 60);
		assert_false(net->ops->interrupt(net, 64));
		assert_int_equal(sent.reports, reports);
		assert_true(*interrupts - before <= (round * count % 65536 < 64));
		before = *interrupts;
		assert_int_equal(send(60, count), 0);
		assert_int_equal(*interrupts, before);
		leave(frame);
		assert_int_equal(*interrupts, before + 1);
		assert_false(net->ops->interrupt(net, 64));
		assert_int_equal(sent.reports, reports + count + 1);
	}
	assert_int_equal(tags_owed(&sent), 0);
}

/* How many frames are owed that are awaited, or that are not. */
static unsigned
owed_as(const bool *awaited, bool is_awaited)
{
	unsigned count = 0;

	for (uint32_t tag = 0; tag < NET_TAGS_MAX; tag++) {
		count += sent.owed[tag] && awaited[tag] == is_awaited;
	}
	return count;
}

/* Frames of both kinds, sent and leaving in any order, with turns only when there is an interrupt:
 * whenever all have left, nobody is waiting. */
static void
whoever_waits_hears(void **unused)
{
	(void)unused;
	bool awaited[NET_TAGS_MAX] = {false};
	uint8_t frame[2048];
	uint64_t random = 1;
	unsigned with_device = 0;

	for (unsigned step = 0; step < 300000; step++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		uint32_t tag = random >> 58;
		bool is_awaited = random >> 50 & 1;

		if (random >> 51 & 1 && !sent.owed[tag] &&
		    (is_awaited || owed_as(awaited, false) < net->unawaited_most)) {
			assert_int_equal(send_as(60, tag, is_awaited), 0);
			awaited[tag] = is_awaited;
			with_device++;
		} else if (with_device) {
			leave(frame);
			with_device--;
		}
		if (nic.interrupt_status) {
			while (net->ops->interrupt(net, 3)) {
			}
		}
		assert_true(with_device || !owed_as(awaited, true));
	}
	assert_true(sent.reports > 100000);
}

/* --- orders -------------------------------------------------------------------------------------
 */

/* The device takes the next order, which is these bytes, and answers it. */
static void
order_is(const uint8_t *expected, size_t bytes, uint8_t answer)
{
	struct fake_chain chain = take(CONTROL);
	uint8_t order[256];

	assert_int_equal(fake_chain_read(&chain, 0, order, sizeof(order)), bytes);
	assert_memory_equal(order, expected, bytes);
	assert_int_equal(fake_chain_writable_bytes(&chain), 1);
	fake_chain_write(&chain, 0, &answer, 1);
	fake_virtio_return(&nic, CONTROL, chain.id, 1);
}

static void
orders_say_what_is_wanted(void **unused)
{
	(void)unused;
	static const uint8_t two[][6] = {{2, 3, 4, 5, 6, 7}, {0x52, 0x54, 0, 1, 2, 3}};
	const uint8_t multicasts[] = {0, 1, 1};
	const uint8_t table[] = {1, 0,    2,    0, 0, 0, 2, 3, 4, 5, 6,
				 7, 0x52, 0x54, 0, 1, 2, 3, 0, 0, 0, 0};
	const uint8_t nothing[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0};

	nic.offered |= F_ORDERS;
	assert_int_equal(probe(), 0);
	for (unsigned round = 0; round < 40000; round++) {
		bool all = round % 2;
		const uint8_t promiscuous[] = {0, 0, all};
		unsigned notified = nic.queues[CONTROL].notified;

		assert_int_equal(net->ops->set_filter(net, all, two, all ? 0 : 2), 0);
		assert_true(nic.queues[CONTROL].notified > notified);
		assert_int_equal(net->ops->set_filter(net, all, two, 2), E_BUSY);
		order_is(promiscuous, 3, 0);
		order_is(multicasts, 3, 0);
		assert_true(nic.interrupt_status);
		assert_false(net->ops->interrupt(net, 0));
		assert_int_equal(net->filter_result, E_BUSY);
		order_is(all ? nothing : table, all ? sizeof(nothing) : sizeof(table), 0);
		assert_true(nic.interrupt_status);
		assert_false(net->ops->interrupt(net, 8));
		assert_int_equal(net->filter_result, 0);
	}
}

static void
refused_orders_are_told(void **unused)
{
	for (unsigned which = 0; which < 3; which++) {
		plug(unused);
		nic.offered |= F_ORDERS;
		assert_int_equal(probe(), 0);
		assert_int_equal(net->ops->set_filter(net, true, NULL, 0), 0);
		for (unsigned i = 0; i < 3; i++) {
			struct fake_chain chain = take(CONTROL);
			uint8_t answer = i == which;

			fake_chain_write(&chain, 0, &answer, 1);
			fake_virtio_return(&nic, CONTROL, chain.id, 1);
		}
		assert_false(net->ops->interrupt(net, 8));
		assert_int_equal(net->filter_result, E_IO);
		assert_false(net->broken);
		assert_int_equal(net->ops->set_filter(net, true, NULL, 0), 0);
	}
}

static void
impossible_orders_are_refused(void **unused)
{
	static const uint8_t many[NET_ADDRESSES_MAX + 1][6];
	static const uint8_t group[][6] = {{2}, {1, 0, 0x5e, 0, 0, 1}};
	uint64_t before = extras;

	extras &= ~F_ORDERS;
	assert_int_equal(plug_and_probe(unused), 0);
	assert_int_equal(net->ops->set_filter(net, true, NULL, 0), E_UNSUPPORTED);
	assert_int_equal(nic.queues[CONTROL].ready, 0);
	extras |= F_ORDERS;
	assert_int_equal(plug_and_probe(unused), 0);
	extras = before;
	assert_int_equal(net->ops->set_filter(net, false, many, NET_ADDRESSES_MAX + 1), E_RANGE);
	assert_int_equal(net->ops->set_filter(net, false, group, 2), E_RANGE);
	assert_int_equal(nic.queues[CONTROL].notified, 0);
	assert_int_equal(net->ops->set_filter(net, false, many, NET_ADDRESSES_MAX), 0);
	plug(unused);
	nic.offered |= F_ORDERS;
	nic.queue_max[CONTROL] = 4;
	assert_int_equal(probe(), E_NODEV);
}

static void
refused(int error, const char *reason)
{
	assert_int_equal(probe(), error);
	assert_non_null(found.why);
	assert_non_null(strstr(found.why, reason));
	assert_int_equal(nic.status, 0);
}

/* --- configurations -----------------------------------------------------------------------------
 */

static void
addresses(void **unused)
{
	static const uint8_t bad[][6] = {
		{0}, {1, 0, 0x5e, 0, 0, 1}, {255, 255, 255, 255, 255, 255}};

	for (unsigned i = 0; i <= ARRAY_SIZE(bad); i++) {
		plug(unused);
		if (i < ARRAY_SIZE(bad)) {
			memcpy(nic.config, bad[i], 6);
		} else {
			nic.offered &= ~F_MAC;
		}
		assert_int_equal(probe(), 0);
		assert_int_equal(net->mac[0] & 3, 2); /* locally administered, one station */
		assert_int_equal(net->mac[5], resources.irq);
	}
	plug(unused);
	nic.config_changes = 20;
	assert_int_equal(probe(), 0);
	plug(unused);
	nic.config_changes = 1000000;
	refused(E_IO, "stands still");
}

static void
devices_that_cannot_be_used(void **unused)
{
	nic.version = 1;
	assert_int_equal(probe(), E_UNSUPPORTED);
	assert_non_null(strstr(found.why, "force-legacy=false"));
	plug(unused);
	nic.offered = F_MAC;
	refused(E_UNSUPPORTED, "VERSION_1");
	plug(unused);
	nic.refuses_features = true;
	refused(E_UNSUPPORTED, "features");
	plug(unused);
	nic.never_starts = true;
	refused(E_IO, "start");
	plug(unused);
	nic.queue_max[RECEIVE] = 0;
	refused(E_NODEV, "queue");
	plug(unused);
	nic.queue_max[TRANSMIT] = 7;
	refused(E_NODEV, "queue");
	plug(unused);
	resources.dma.bytes = 64 * 1024;
	refused(E_NOSPACE, "DMA");
	plug(unused);
	resources.dma.bytes = 64 * BUFFER + 64;
	refused(E_NOSPACE, "DMA");
	plug(unused);
	nic.never_resets = true;
	assert_int_equal(probe(), E_IO);
	plug(unused);
	nic.offered = UINT64_MAX;
	assert_int_equal(probe(), 0);
	assert_int_equal(nic.accepted, FAKE_F_VERSION_1 | F_MAC | F_EVENT | F_ORDERS);
}

static void
odd_queue_sizes(void **unused)
{
	const uint32_t sizes[][2] = {{1, 1},   {3, 2},   {63, 32},
				     {64, 64}, {65, 64}, {UINT32_MAX, 64}};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		plug(unused);
		nic.queue_max[RECEIVE] = sizes[i][0];
		assert_int_equal(probe(), 0);
		assert_int_equal(nic.queues[RECEIVE].size, sizes[i][1]);
		for (unsigned frame = 0; frame < 300; frame++) {
			arrive(1, 60);
			net->ops->interrupt(net, 10);
		}
		assert_int_equal(got.frames, 300);
	}
}

static int
run(void)
{
	const struct CMUnitTest tests[] = {
		with_nic(probe_starts_the_device),
		with_nic(frames_arrive),
		with_nic(buffers_are_given_back),
		with_nic(buffers_may_come_back_in_any_order),
		with_nic(frames_of_impossible_length_are_dropped),
		with_nic(frames_leave),
		with_nic(all_tags_fly),
		unprobed(a_full_queue_is_busy),
		with_nic(impossible_frames_are_refused),
		with_nic(receive_may_transmit),
		with_nic(the_budget_is_kept),
		with_nic(what_has_left_keeps_no_frame_waiting),
		with_nic(three_frames_are_the_work_of_two_completions),
		with_nic(no_frame_is_slept_over),
		with_nic(a_burst_interrupts_once),
		with_nic(what_nobody_awaits_waits),
		with_nic(whoever_waits_hears),
		with_nic(the_device_is_told_when_it_asks),
		unprobed(orders_say_what_is_wanted),
		unprobed(refused_orders_are_told),
		unprobed(impossible_orders_are_refused),
		unprobed(addresses),
		unprobed(devices_that_cannot_be_used),
		unprobed(odd_queue_sizes),
	};

	const struct CMUnitTest with_events[] = {
		with_nic(the_device_is_told_of_buffers_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ||
	       (extras & F_EVENT && cmocka_run_group_tests(with_events, NULL, NULL));
}

int
main(void)
{
	int failed = run();

	extras = F_EVENT | F_ORDERS;
	return run() || failed;
}
