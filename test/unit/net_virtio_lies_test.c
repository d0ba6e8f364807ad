/* SPDX-License-Identifier: MIT
 * net_virtio_lies_test.c: every lie that a virtio NIC can tell its driver. Each tag is reported
 * exactly once all the same.
 *
 * links: kern/dev/net_virtio.c kern/dev/net_virtio_orders.c kern/dev/virtio_mmio.c
 * links: kern/dev/virtq.c arch/host/mmio.c arch/host/ram.c test/fake/virtio.c
 * links: test/fake/tags.c test/unit/net_virtio_rig.c
 */
#include "test/unit/net_virtio_rig.h"

#include <string.h>

#include "lib/base/checked.h"

/* The device told a lie with `owed` frames outstanding. */
static void
broken(unsigned owed)
{
	unsigned before = sent.reports;
	unsigned frames = got.frames;

	assert_false(net->ops->interrupt(net, 1000));
	assert_int_equal(sent.reports - before, owed);
	assert_int_equal(tags_owed(&sent), 0);
	for (unsigned i = 0; i < owed; i++) {
		assert_int_equal(sent.result[sent.order[(before + i) % TAGS_MAX]], E_IO);
	}
	assert_true(net->broken);
	assert_int_equal(nic.status, 0);
	assert_int_equal(send(60, 0), E_NODEV);
	assert_false(net->ops->interrupt(net, 1000));
	assert_int_equal(got.frames, frames);
}

static void
lies_about_received_frames_break(void **unused)
{
	const struct {
		uint32_t id;
		uint32_t bytes;
	} lies[] = {
		{64, 100},       {0xffff, 100}, {0x10000, 100},  {UINT32_MAX, 100},
		{0, BUFFER + 1}, {0, 0x10000},  {0, 0x80000000}, {63, UINT32_MAX},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		plug_and_probe(unused);
		send(60, 3);
		send(60, 4);
		fake_virtio_return(&nic, RECEIVE, lies[i].id, lies[i].bytes);
		broken(2);
	}
}

static void
lies_about_sent_frames_break(void **unused)
{
	const struct {
		uint32_t id;
		uint32_t bytes;
	} lies[] = {
		{512, 0}, {UINT32_MAX, 0}, {1, 0}, {3, 0}, {4, 0}, {0, 1}, {0, UINT32_MAX},
	};
	const uint64_t at = fake_data_address() + NET_FRAME_ROOM;
	const struct net_segment two[] = {{{at}, 60}, {{at + 500}, 60}};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		plug_and_probe(unused);
		for (uint32_t tag = 10; tag < 12; tag++) {
			assert_int_equal(net->ops->transmit(net, two, 2, tag, true), 0);
			tags_submitted(&sent, tag);
		}
		fake_virtio_return(&nic, TRANSMIT, lies[i].id, lies[i].bytes);
		broken(2);
	}
}

static void
lies_about_orders_break(void **unused)
{
	const struct {
		uint32_t id;
		uint32_t bytes;
	} lies[] = {{8, 1}, {UINT32_MAX, 1}, {1, 1}, {6, 1}, {0, 2}, {0, UINT32_MAX}};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		plug(unused);
		nic.offered |= F_ORDERS;
		assert_int_equal(probe(), 0);
		assert_int_equal(net->ops->set_filter(net, true, NULL, 0), 0);
		send(60, 5);
		fake_virtio_return(&nic, CONTROL, lies[i].id, lies[i].bytes);
		broken(1);
		assert_int_equal(net->filter_result, E_IO);
		assert_int_equal(net->ops->set_filter(net, true, NULL, 0), E_NODEV);
	}
}

/* Three answers to the first order, and then a fourth one. */
static void
answers_to_no_order_break(void **unused)
{
	(void)unused;
	plug(unused);
	nic.offered |= F_ORDERS;
	assert_int_equal(probe(), 0);
	assert_int_equal(net->ops->set_filter(net, true, NULL, 0), 0);
	for (unsigned i = 0; i < 4; i++) {
		fake_virtio_return(&nic, CONTROL, 0, 1);
	}
	broken(0);
}

static void
duplicates_break(void **unused)
{
	struct fake_chain chain;

	send(60, 0);
	send(60, 1);
	chain = take(TRANSMIT);
	fake_virtio_return(&nic, TRANSMIT, chain.id, 0);
	fake_virtio_return(&nic, TRANSMIT, chain.id, 0);
	assert_false(net->ops->interrupt(net, 100));
	assert_int_equal(sent.result[0], 0);
	assert_int_equal(sent.result[1], E_IO);
	broken(0);

	/* A buffer received twice at once is with the device again when the second is looked at;
	 * the 65th is one too many. */
	plug_and_probe(unused);
	for (unsigned i = 0; i < 65; i++) {
		fake_virtio_return(&nic, RECEIVE, 5, 100);
	}
	broken(0);
}

static void
index_jumps_break(void **unused)
{
	const uint16_t jumps[] = {65, 512, 0x8000, 0xffff};

	for (unsigned queue = 0; queue < 2; queue++) {
		for (unsigned i = 0; i < ARRAY_SIZE(jumps); i++) {
			plug_and_probe(unused);
			send(60, 1);
			fake_virtio_used_index(&nic, queue, jumps[i]);
			broken(1);
		}
	}
}

static void
scribbled_rings_do_no_harm(void **unused)
{
	for (unsigned fill = 0; fill < 256; fill += 3) {
		plug_and_probe(unused);
		for (uint32_t tag = 0; tag < 50; tag++) {
			assert_int_equal(send(60, tag), 0);
		}
		memset(resources.dma.memory, (int)fill, resources.dma.bytes);
		for (unsigned i = 0; i < 100 && tags_owed(&sent); i++) {
			net->ops->interrupt(net, 10);
			if (!net->broken) {
				fake_virtio_return(&nic, TRANSMIT, UINT32_MAX, 0);
			}
		}
		assert_int_equal(sent.reports, 50);
	}
}

static void
interrupts_without_cause(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 100; i++) {
		nic.interrupt_status = i % 4;
		assert_false(net->ops->interrupt(net, 10));
		assert_int_equal(nic.interrupt_status, 0);
	}
	assert_false(net->broken);
	nic.status |= FAKE_STATUS_NEEDS_RESET;
	nic.interrupt_status = FAKE_INTERRUPT_CONFIG;
	send(60, 1);
	broken(1);
}

/* Another address, link down, other queues: the device says that its configuration has changed.
 * What was read when it was opened counts, and frames go on. */
static void
a_changed_configuration_changes_nothing(void **unused)
{
	(void)unused;
	for (unsigned fill = 0; fill < 256; fill += 5) {
		unsigned frames = got.frames;

		memset(nic.config, (int)fill, sizeof(nic.config));
		nic.generation++;
		nic.interrupt_status = FAKE_INTERRUPT_CONFIG;
		assert_int_equal(send(60, fill % TAGS_MAX), 0);
		arrive((uint8_t)fill, 60);
		assert_false(net->ops->interrupt(net, 10));
		assert_int_equal(nic.interrupt_status, 0);
		assert_int_equal(got.frames, frames + 1);
		fake_virtio_return(&nic, TRANSMIT, take(TRANSMIT).id, 0);
		assert_false(net->ops->interrupt(net, 10));
		assert_int_equal(sent.result[fill % TAGS_MAX], 0);
		assert_memory_equal(net->mac, mac, sizeof(mac));
	}
	assert_false(net->broken);
}

static void
the_end_is_bounded_without_a_reset(void **unused)
{
	(void)unused;
	send(60, 1);
	nic.never_resets = true;
	fake_virtio_return(&nic, RECEIVE, 99, 0);
	assert_false(net->ops->interrupt(net, 10));
	assert_true(net->broken);
	assert_int_equal(sent.result[1], E_IO);
}

static int
run(void)
{
	const struct CMUnitTest tests[] = {
		unprobed(lies_about_received_frames_break),
		unprobed(lies_about_sent_frames_break),
		unprobed(lies_about_orders_break),
		unprobed(answers_to_no_order_break),
		with_nic(duplicates_break),
		unprobed(index_jumps_break),
		unprobed(scribbled_rings_do_no_harm),
		with_nic(interrupts_without_cause),
		with_nic(a_changed_configuration_changes_nothing),
		with_nic(the_end_is_bounded_without_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	int failed = run();

	extras = F_EVENT | F_ORDERS;
	return run() || failed;
}
