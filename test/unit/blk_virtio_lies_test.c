/* SPDX-License-Identifier: MIT
 * blk_virtio_lies_test.c: every lie that a virtio disk can tell its driver. Each tag is reported
 * exactly once all the same.
 *
 * links: kern/dev/blk_virtio.c kern/dev/virtio_mmio.c kern/dev/virtq.c arch/host/mmio.c
 * links: arch/host/ram.c test/fake/virtio.c test/fake/virtio_disk.c test/fake/tags.c
 * links: test/unit/blk_virtio_rig.c
 */
#include "test/unit/blk_virtio_rig.h"

#include <string.h>

#include "lib/base/checked.h"

/* The device told a lie with `requests` outstanding: all are reported as failed, nothing works any
 * more. */
static void
broken(unsigned requests)
{
	unsigned before = seen.reports;

	assert_false(blk->ops->interrupt(blk, 1000));
	assert_int_equal(seen.reports - before, requests);
	assert_int_equal(tags_owed(&seen), 0);
	for (unsigned i = 0; i < requests; i++) {
		assert_int_equal(seen.result[seen.order[(before + i) % BLK_TAGS_MAX]], E_IO);
	}
	assert_true(blk->broken);
	assert_int_equal(disk.virtio.status, 0);
	assert_int_equal(submit(BLK_READ, 0, 0), E_NODEV);
	assert_false(blk->ops->interrupt(blk, 1000));
	assert_int_equal(seen.reports - before, requests);
}

static void
devices_that_cannot_be_used(void **unused)
{
	(void)unused;
	disk.virtio.version = 1;
	assert_int_equal(probe(), E_UNSUPPORTED);
	assert_non_null(strstr(found.why, "virtio-mmio.force-legacy=false"));
	plug(NULL);
	disk.virtio.version = 3;
	assert_int_equal(probe(), E_UNSUPPORTED);
	assert_non_null(strstr(found.why, "version"));
	plug(NULL);
	disk.virtio.offered &= ~FAKE_F_VERSION_1;
	refused(E_UNSUPPORTED, "VERSION_1");
	plug(NULL);
	disk.virtio.refuses_features = true;
	refused(E_UNSUPPORTED, "features");
	plug(NULL);
	disk.virtio.never_starts = true;
	refused(E_IO, "start");
	plug(NULL);
	disk.virtio.queue_ready_after_reset = true;
	refused(E_IO, "in use");
	plug(NULL);
	disk.virtio.never_resets = true;
	assert_int_equal(probe(), E_IO);
	assert_non_null(strstr(found.why, "reset"));
	plug(NULL);
	resources.dma.bytes = 4096;
	refused(E_NOSPACE, "DMA");
	plug(NULL);
	resources.dma.bytes = 512;
	refused(E_NOSPACE, "DMA");
	plug(NULL);
	resources.bytes = 0x100;
	refused(E_IO, "registers");
}

/* --- lies
 * ------------------------------------------------------------------------------------------- */

static void
an_error_of_the_disk_is_reported(void **unused)
{
	(void)unused;
	const uint8_t statuses[] = {1, 2, 3, 0x80, 0xfe, 0xff};

	for (unsigned i = 0; i < ARRAY_SIZE(statuses); i++) {
		assert_int_equal(submit(BLK_READ, 0, i), 0);
		struct fake_chain chain = take();

		fake_disk_serve(&disk, &chain, statuses[i]);
		assert_false(blk->ops->interrupt(blk, 10));
		assert_int_equal(seen.result[i], E_IO);
	}
	assert_false(blk->broken);
	assert_int_equal(submit(BLK_READ, 0, 0), 0);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 10);
	assert_int_equal(seen.result[0], 0);
}

static void
a_status_that_was_never_written_is_an_error(void **unused)
{
	(void)unused;
	assert_int_equal(submit(BLK_READ, 0, 4), 0);
	struct fake_chain chain = take();

	fake_virtio_return(&disk.virtio, 0, chain.id, BLOCK + 1);
	assert_false(blk->ops->interrupt(blk, 10));
	assert_int_equal(seen.result[4], E_IO);
}

static void
short_lengths_are_errors(void **unused)
{
	(void)unused;
	const uint32_t lengths[] = {0, 1, BLOCK};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(submit(BLK_READ, 0, i), 0);
		struct fake_chain chain = take();

		fake_disk_perform(&disk, &chain, 0);
		fake_virtio_return(&disk.virtio, 0, chain.id, lengths[i]);
		assert_false(blk->ops->interrupt(blk, 10));
		assert_int_equal(seen.result[i], E_IO);
		assert_false(blk->broken);
	}
}

static void
long_lengths_break(void **unused)
{
	const uint32_t lengths[] = {BLOCK + 2, 2 * BLOCK, 0x80000000, UINT32_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		plug_and_probe(unused);
		submit(BLK_READ, 0, 0);
		submit(BLK_READ, 0, 1);
		struct fake_chain chain = take();

		fake_disk_perform(&disk, &chain, 0);
		fake_virtio_return(&disk.virtio, 0, chain.id, lengths[i]);
		broken(2);
	}
}

static void
ids_out_of_range_break(void **unused)
{
	const uint32_t ids[] = {512, 513, 0xffff, 0x10000, 0x80000000, UINT32_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		plug_and_probe(unused);
		submit(BLK_READ, 0, 7);
		submit(BLK_READ, 0, 8);
		submit(BLK_READ, 0, 9);
		fake_virtio_return(&disk.virtio, 0, ids[i], 1);
		broken(3);
	}
}

static void
ids_never_submitted_break(void **unused)
{
	for (uint32_t id = 1; id < 512; id++) { /* 0 is the head; 1 and 2 are inside its chain */
		plug_and_probe(unused);
		submit(BLK_READ, 0, 7);
		assert_int_equal(take().id, 0);
		fake_virtio_return(&disk.virtio, 0, id, BLOCK + 1);
		broken(1);
	}
}

static void
duplicate_ids_break(void **unused)
{
	(void)unused;
	submit(BLK_READ, 0, 20);
	submit(BLK_READ, 0, 21);
	struct fake_chain chain = take();

	fake_disk_serve(&disk, &chain, 0);
	fake_disk_serve(&disk, &chain, 0);
	assert_false(blk->ops->interrupt(blk, 1000));
	assert_int_equal(seen.reports, 2);
	assert_int_equal(seen.result[20], 0);
	assert_int_equal(seen.result[21], E_IO);
	broken(0);
}

/* The old id again in a later interrupt, when nothing or something else is in flight. */
static void
stale_ids_break(void **unused)
{
	(void)unused;
	submit(BLK_READ, 0, 20);
	submit(BLK_READ, 0, 21);
	struct fake_chain chain = take();

	fake_disk_serve(&disk, &chain, 0);
	blk->ops->interrupt(blk, 1000);
	assert_int_equal(seen.result[20], 0);
	fake_virtio_return(&disk.virtio, 0, chain.id, BLOCK + 1);
	broken(1);
}

static void
used_index_jumps_break(void **unused)
{
	const uint16_t jumps[] = {3, 4, 512, 513, 0x7fff, 0x8000, 0xfffe, 0xffff};

	for (unsigned i = 0; i < ARRAY_SIZE(jumps); i++) {
		plug_and_probe(unused);
		submit(BLK_READ, 0, 0);
		submit(BLK_READ, 0, 1);
		fake_virtio_used_index(&disk.virtio, 0, jumps[i]);
		broken(2);
	}
}

static void
used_index_backwards_breaks(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 5; i++) {
		submit(BLK_READ, 0, 0);
		fake_disk_serve_all(&disk);
		blk->ops->interrupt(blk, 10);
	}
	submit(BLK_READ, 0, 0);
	fake_virtio_used_index(&disk.virtio, 0, 4);
	broken(1);
}

static void
used_without_requests_breaks(void **unused)
{
	(void)unused;
	fake_virtio_return(&disk.virtio, 0, 0, 1);
	broken(0);
}

/* The device writes all over the memory that it shares with the driver while requests are in
 * flight. */
static void
scribbled_rings_do_no_harm(void **unused)
{
	for (unsigned fill = 0; fill < 256; fill += 5) {
		plug_and_probe(unused);
		for (uint32_t tag = 0; tag < 50; tag++) {
			assert_int_equal(submit(BLK_READ, 0, tag), 0);
		}
		memset(resources.dma.memory, (int)fill, resources.dma.bytes);
		for (unsigned i = 0; i < 100 && tags_owed(&seen); i++) {
			blk->ops->interrupt(blk, 10);
			if (!blk->broken &&
			    tags_owed(&seen)) { /* it may look as if nothing had come back */
				fake_virtio_return(&disk.virtio, 0, UINT32_MAX, 0);
			}
		}
		assert_int_equal(tags_owed(&seen), 0);
		assert_int_equal(seen.reports, 50);
	}
}

static void
interrupts_without_cause(void **unused)
{
	(void)unused;
	submit(BLK_READ, 0, 0);
	for (unsigned i = 0; i < 100; i++) {
		disk.virtio.interrupt_status = i % 2 ? FAKE_INTERRUPT_USED : 0;
		assert_false(blk->ops->interrupt(blk, 10));
		assert_int_equal(disk.virtio.interrupt_status, 0);
	}
	disk.virtio.interrupt_status = FAKE_INTERRUPT_CONFIG; /* something else of it changed */
	assert_false(blk->ops->interrupt(blk, 10));
	disk.virtio.interrupt_status = UINT32_MAX;
	assert_false(blk->ops->interrupt(blk, 10));
	disk.virtio.interrupt_status = 0;
	assert_int_equal(seen.reports, 0);
	assert_false(blk->broken);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 10);
	assert_int_equal(seen.result[0], 0);
}

static void
a_device_that_needs_a_reset_breaks(void **unused)
{
	(void)unused;
	submit(BLK_READ, 0, 0);
	disk.virtio.status |= FAKE_STATUS_NEEDS_RESET;
	disk.virtio.interrupt_status = FAKE_INTERRUPT_CONFIG;
	broken(1);
}

static void
the_end_is_bounded_without_a_reset(void **unused)
{
	(void)unused;
	submit(BLK_READ, 0, 0);
	disk.virtio.never_resets = true;
	fake_virtio_return(&disk.virtio, 0, 99, 0);
	assert_false(blk->ops->interrupt(blk, 10));
	assert_true(blk->broken);
	assert_int_equal(seen.result[0], E_IO);
	assert_int_equal(submit(BLK_READ, 0, 1), E_NODEV);
}

static void
submit_in_vain(uint32_t tag)
{
	assert_int_equal(submit(BLK_READ, 1, tag), E_NODEV);
}

static void
the_budget_is_kept_at_the_end(void **unused)
{
	(void)unused;
	for (uint32_t tag = 0; tag < 40; tag++) {
		submit(BLK_READ, 0, tag);
	}
	fake_virtio_return(&disk.virtio, 0, 500, 0);
	assert_true(blk->ops->interrupt(blk, 16));
	assert_int_equal(seen.reports, 16);
	assert_int_equal(submit(BLK_READ, 0, 0), E_NODEV);
	assert_true(blk->ops->interrupt(blk, 16));
	seen.then = submit_in_vain;
	assert_false(blk->ops->interrupt(blk, 16));
	assert_int_equal(seen.reports, 40);
	assert_int_equal(tags_owed(&seen), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		unprobed(devices_that_cannot_be_used),
		with_disk(an_error_of_the_disk_is_reported),
		with_disk(a_status_that_was_never_written_is_an_error),
		with_disk(short_lengths_are_errors),
		unprobed(long_lengths_break),
		unprobed(ids_out_of_range_break),
		unprobed(ids_never_submitted_break),
		with_disk(duplicate_ids_break),
		with_disk(stale_ids_break),
		unprobed(used_index_jumps_break),
		with_disk(used_index_backwards_breaks),
		with_disk(used_without_requests_breaks),
		unprobed(scribbled_rings_do_no_harm),
		with_disk(interrupts_without_cause),
		with_disk(a_device_that_needs_a_reset_breaks),
		with_disk(the_end_is_bounded_without_a_reset),
		with_disk(the_budget_is_kept_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
