/* SPDX-License-Identifier: MIT
 * blk_virtio_test.c: virtio disks that are honest, in every configuration.
 * links: kern/dev/blk_virtio.c kern/dev/virtio_mmio.c kern/dev/virtq.c arch/host/mmio.c
 * links: arch/host/ram.c test/fake/virtio.c test/fake/virtio_disk.c test/fake/tags.c
 * links: test/unit/blk_virtio_rig.c
 */
#include "test/unit/blk_virtio_rig.h"

#include <string.h>

#include "lib/base/checked.h"

/* --- what it must do
 * ------------------------------------------------------------------------------- */

static void
probe_reads_the_configuration(void **unused)
{
	(void)unused;
	assert_int_equal(blk->blocks, FAKE_DISK_SECTORS / 8);
	assert_true(blk->volatile_cache);
	assert_false(blk->read_only);
	assert_false(blk->broken);
	assert_int_equal(blk->segments_max, BLK_SEGMENTS_MAX);
	assert_int_equal(disk.virtio.status, FAKE_STATUS_RUNNING);
	assert_int_equal(disk.virtio.accepted, FAKE_F_VERSION_1 | FAKE_BLK_F_FLUSH |
						       FAKE_BLK_F_SEG_MAX | FAKE_BLK_F_BLK_SIZE);
	assert_int_equal(disk.virtio.queues[0].size, 512);
}

static void
write_then_read(void **unused)
{
	(void)unused;
	uint8_t *data = fake_data();

	for (unsigned i = 0; i < BLOCK; i++) {
		data[i] = (uint8_t)(i * 7 + i / 256);
	}
	assert_int_equal(submit(BLK_WRITE, 5, 0), 0);
	assert_int_equal(disk.virtio.queues[0].notified, 1);
	assert_int_equal(fake_disk_serve_all(&disk), 1);
	assert_false(blk->ops->interrupt(blk, 10));
	assert_int_equal(seen.result[0], 0);
	assert_memory_equal(disk.sectors[5 * 8], data, BLOCK);

	assert_int_equal(submit(BLK_READ, 5, 1), 0);
	fake_disk_serve_all(&disk);
	assert_false(blk->ops->interrupt(blk, 10));
	assert_int_equal(seen.result[1], 0);
	assert_memory_equal(data + BLOCK, data, BLOCK);
	assert_int_equal(seen.reports, 2);
	assert_int_equal(disk.virtio.interrupt_status, 0);
}

static void
segments_are_gathered_and_scattered(void **unused)
{
	(void)unused;
	uint64_t at = fake_data_address();
	struct blk_segment pieces[4] = {
		{{at + 8192}, 512}, {{at}, 3584}, {{at + 65536}, 2048}, {{at + 32768}, 2048}};

	for (unsigned i = 0; i < 8192; i++) {
		((uint8_t *)disk.sectors[16])[i] = (uint8_t)(i ^ i / 256);
	}
	assert_int_equal(blk->ops->submit(blk, BLK_READ, 2, pieces, 4, 9), 0);
	tags_submitted(&seen, 9);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 10);
	assert_int_equal(seen.result[9], 0);
	assert_memory_equal(fake_data() + 8192, disk.sectors[16], 512);
	assert_memory_equal(fake_data(), disk.sectors[17], 3584);
	assert_memory_equal(fake_data() + 65536, disk.sectors[24], 2048);
	assert_memory_equal(fake_data() + 32768, disk.sectors[28], 2048);

	assert_int_equal(blk->ops->submit(blk, BLK_WRITE, 100, pieces, 4, 9), 0);
	tags_submitted(&seen, 9);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 10);
	assert_memory_equal(disk.sectors[800], disk.sectors[16], 8192);
}

static void
flush_reaches_the_device(void **unused)
{
	(void)unused;
	assert_int_equal(submit(BLK_FLUSH, 0, 3), 0);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 1);
	assert_int_equal(disk.flushes, 1);
	assert_int_equal(seen.reports, 1);
	assert_int_equal(seen.result[3], 0);
}

static void
all_tags_fly_and_land_in_any_order(void **unused)
{
	(void)unused;
	static struct fake_chain chains[BLK_TAGS_MAX];

	for (uint32_t tag = 0; tag < BLK_TAGS_MAX; tag++) {
		assert_int_equal(submit(BLK_READ, tag, tag), 0);
		chains[tag] = take();
	}
	for (unsigned i = 0; i < BLK_TAGS_MAX; i++) {
		fake_disk_serve(&disk, &chains[(i * 37 + 11) % BLK_TAGS_MAX], 0);
	}
	assert_false(blk->ops->interrupt(blk, 1000));
	assert_int_equal(seen.reports, BLK_TAGS_MAX);
	for (unsigned i = 0; i < BLK_TAGS_MAX; i++) {
		assert_int_equal(seen.order[i], (i * 37 + 11) % BLK_TAGS_MAX);
	}
	for (uint32_t tag = 0; tag < BLK_TAGS_MAX; tag++) {
		assert_int_equal(submit(BLK_WRITE, tag, tag), 0);
	}
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 1000);
	assert_int_equal(tags_owed(&seen), 0);
}

static void
a_full_queue_is_busy(void **unused)
{
	(void)unused;
	disk.virtio.queue_max[0] = 8;
	assert_int_equal(probe(), 0);
	assert_int_equal(submit(BLK_READ, 0, 0), 0);
	assert_int_equal(submit(BLK_READ, 1, 1), 0);
	assert_int_equal(submit(BLK_READ, 2, 2), E_BUSY); /* 2 descriptors left, 3 needed */
	assert_int_equal(submit(BLK_READ, 2, 1), E_BUSY); /* in flight */
	assert_int_equal(submit(BLK_FLUSH, 0, 5), 0);
	assert_int_equal(submit(BLK_FLUSH, 0, 6), E_BUSY);
	struct fake_chain first = take();

	fake_disk_serve(&disk, &first, 0);
	assert_int_equal(submit(BLK_READ, 2, 2), E_BUSY); /* served, but not yet reported */
	assert_false(blk->ops->interrupt(blk, 10));
	assert_int_equal(submit(BLK_READ, 2, 2), 0);
	fake_disk_serve_all(&disk);
	assert_false(blk->ops->interrupt(blk, 10));
	assert_int_equal(seen.reports, 4);
	assert_int_equal(tags_owed(&seen), 0);
}

static void
a_tag_in_flight_is_busy(void **unused)
{
	(void)unused;
	assert_int_equal(submit(BLK_READ, 0, 5), 0);
	struct fake_chain chain = take();

	assert_int_equal(submit(BLK_READ, 1, 5), E_BUSY);
	fake_disk_serve(&disk, &chain, 0);
	assert_int_equal(submit(BLK_FLUSH, 0, 5), E_BUSY);
	blk->ops->interrupt(blk, 10);
	assert_int_equal(submit(BLK_READ, 1, 5), 0);
}

static void
indices_wrap(void **unused)
{
	(void)unused;
	static struct fake_chain waiting[7];
	unsigned count = 0;

	disk.virtio.queue_max[0] = 32;
	assert_int_equal(probe(), 0);
	for (unsigned i = 0; i < 70000; i++) {
		assert_int_equal(submit(i % 3 ? BLK_READ : BLK_WRITE, i % 256, i % 9), 0);
		waiting[count++] = take();
		if (count == ARRAY_SIZE(waiting)) {
			while (count) { /* last in, first out */
				fake_disk_serve(&disk, &waiting[--count], 0);
			}
			assert_false(blk->ops->interrupt(blk, 64));
		}
	}
	assert_int_equal(seen.reports, 70000);
	assert_false(blk->broken);
	assert_int_equal(tags_owed(&seen), 0);
}

static void
the_budget_is_kept(void **unused)
{
	(void)unused;
	for (uint32_t tag = 0; tag < 10; tag++) {
		assert_int_equal(submit(BLK_READ, 0, tag), 0);
	}
	fake_disk_serve_all(&disk);
	assert_true(blk->ops->interrupt(blk, 0));
	assert_int_equal(seen.reports, 0);
	assert_true(blk->ops->interrupt(blk, 3));
	assert_int_equal(seen.reports, 3);
	assert_false(blk->ops->interrupt(blk, 7));
	assert_int_equal(seen.reports, 10);
}

static unsigned submits_left;

static void
submit_again(uint32_t tag)
{
	if (submits_left) {
		submits_left--;
		assert_int_equal(submit(BLK_READ, 1, tag), 0);
	}
}

static void
done_may_submit(void **unused)
{
	(void)unused;
	for (uint32_t tag = 0; tag < 4; tag++) {
		assert_int_equal(submit(BLK_READ, 0, tag), 0);
	}
	seen.then = submit_again;
	submits_left = 4;
	fake_disk_serve_all(&disk);
	assert_false(blk->ops->interrupt(blk, 100));
	assert_int_equal(seen.reports, 4);
	assert_int_equal(tags_owed(&seen), 4);
	assert_int_equal(fake_disk_serve_all(&disk), 4);
	assert_false(blk->ops->interrupt(blk, 100));
	assert_int_equal(seen.reports, 8);
}

static int
submit_pieces(enum blk_op op, uint64_t block, const uint32_t *bytes, uint32_t count, uint32_t tag)
{
	struct blk_segment segments[8];

	for (uint32_t i = 0; i < count; i++) {
		segments[i] = (struct blk_segment){{fake_data_address()}, bytes[i]};
	}
	return blk->ops->submit(blk, op, block, segments, count, tag);
}

static void
impossible_requests_are_refused(void **unused)
{
	(void)unused;
	const uint64_t end = FAKE_DISK_SECTORS / 8;
	const uint32_t page_bytes[5] = {BLOCK, BLOCK, BLOCK, BLOCK, BLOCK};
	const uint32_t odd[2] = {513, 3583};
	const uint32_t part[2] = {512, 512};
	const uint32_t none[2] = {BLOCK, 0};
	const uint32_t huge[2] = {0xffffe000, 0x2000};

	assert_int_equal(submit_pieces(BLK_READ, end, page_bytes, 1, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, end - 1, page_bytes, 2, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, UINT64_MAX, page_bytes, 1, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_WRITE, 1ull << 61, page_bytes, 1, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, page_bytes, 0, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, page_bytes, 5, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, page_bytes, 1, BLK_TAGS_MAX), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, page_bytes, 1, UINT32_MAX), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, none, 2, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, huge, 2, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, odd, 2, 0), E_ALIGN);
	assert_int_equal(submit_pieces(BLK_READ, 0, part, 2, 0), E_ALIGN);
	assert_int_equal(disk.virtio.queues[0].notified, 0);
	assert_int_equal(submit(BLK_READ, end - 1, 63), 0);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 1);
	assert_int_equal(seen.result[63], 0);
}

/* --- configurations
 * --------------------------------------------------------------------------------- */

static void
a_read_only_disk_refuses_writes(void **unused)
{
	(void)unused;
	disk.virtio.offered |= FAKE_BLK_F_RO;
	assert_int_equal(probe(), 0);
	assert_true(blk->read_only);
	assert_int_equal(submit(BLK_WRITE, 0, 0), E_UNSUPPORTED);
	assert_int_equal(submit(BLK_READ, 0, 0), 0);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 1);
}

static void
caches_are_recognized(void **unused)
{
	(void)unused;
	disk.virtio.offered &= ~FAKE_BLK_F_FLUSH;
	assert_int_equal(probe(), 0);
	assert_false(blk->volatile_cache);
	assert_int_equal(submit(BLK_FLUSH, 0, 0), E_UNSUPPORTED);

	plug(NULL);
	disk.virtio.offered |= FAKE_BLK_F_CONFIG_WCE;
	disk.virtio.config[32] = 0;
	assert_int_equal(probe(), 0);
	assert_false(blk->volatile_cache);

	plug(NULL);
	disk.virtio.offered |= FAKE_BLK_F_CONFIG_WCE;
	disk.virtio.config[32] = 1;
	assert_int_equal(probe(), 0);
	assert_true(blk->volatile_cache);
}

static void
limits_are_respected(void **unused)
{
	(void)unused;
	const uint32_t pages[3] = {BLOCK, BLOCK, BLOCK};
	const uint32_t large[1] = {2 * BLOCK};

	disk.virtio.offered |= FAKE_BLK_F_SIZE_MAX;
	fake_disk_limits(&disk, 6000, 2, 4096);
	assert_int_equal(probe(), 0);
	assert_int_equal(blk->segments_max, 2);
	assert_int_equal(blk->segment_bytes_max, 6000);
	assert_int_equal(submit_pieces(BLK_READ, 0, pages, 3, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, large, 1, 0), E_RANGE);
	assert_int_equal(submit_pieces(BLK_READ, 0, pages, 2, 0), 0);
	tags_submitted(&seen, 0);
	fake_disk_serve_all(&disk);
	blk->ops->interrupt(blk, 1);
}

static void
impossible_limits_are_refused(void **unused)
{
	(void)unused;
	disk.virtio.offered |= FAKE_BLK_F_SIZE_MAX;
	fake_disk_limits(&disk, 4095, 126, 512);
	refused(E_UNSUPPORTED, "segments");
	plug(NULL);
	fake_disk_limits(&disk, 0, 0, 512);
	refused(E_UNSUPPORTED, "segments");
	const uint32_t sizes[] = {0, 1, 256, 513, 8192, 0x80000000, UINT32_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		plug(NULL);
		fake_disk_limits(&disk, 0, 126, sizes[i]);
		refused(E_UNSUPPORTED, "sectors");
	}
}

static void
absurd_capacities(void **unused)
{
	(void)unused;
	fake_disk_capacity(&disk, UINT64_MAX);
	assert_int_equal(probe(), 0);
	assert_int_equal(blk->blocks, 1ull << 48);
	assert_int_equal(submit(BLK_READ, 1ull << 48, 0), E_RANGE);
	assert_int_equal(submit(BLK_READ, UINT64_MAX / 8, 0), E_RANGE);

	plug(NULL);
	fake_disk_capacity(&disk, 15); /* one block and seven sectors */
	assert_int_equal(probe(), 0);
	assert_int_equal(blk->blocks, 1);

	for (uint64_t sectors = 0; sectors < 8; sectors++) {
		plug(NULL);
		fake_disk_capacity(&disk, sectors);
		refused(E_UNSUPPORTED, "capacity");
	}
}

static unsigned config_reads;

/* The two halves of the capacity never belong together unless read in one generation. */
static void
grow(struct fake_virtio *f)
{
	config_reads++;
	if (f->config_changes) {
		uint64_t sectors = 8ull << 32 | 8;

		if (f->config_changes % 2) {
			sectors = 16;
		}
		memcpy(f->config, &sectors, 8);
	}
}

static void
a_changing_configuration_is_read_again(void **unused)
{
	(void)unused;
	config_reads = 0;
	disk.virtio.on_config_read = grow;
	disk.virtio.config_changes = 5;
	assert_int_equal(probe(), 0);
	assert_true(config_reads > 5);
	assert_int_equal(blk->blocks, 2);

	plug(NULL);
	disk.virtio.config_changes = 1000000;
	refused(E_IO, "stands still");
	assert_true(disk.virtio.config_changes > 999000);
}

static void
queue_sizes(void **unused)
{
	(void)unused;
	const struct {
		uint32_t offered;
		uint32_t size; /* 0: refused */
	} cases[] = {{0, 0},       {1, 0},       {7, 0},          {8, 8},           {15, 8},
		     {16, 16},     {1000, 512},  {512, 512},      {1024, 512},      {32768, 512},
		     {65536, 512}, {65537, 512}, {1u << 31, 512}, {UINT32_MAX, 512}};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		plug(NULL);
		disk.virtio.queue_max[0] = cases[i].offered;
		if (cases[i].size) {
			assert_int_equal(probe(), 0);
			assert_int_equal(disk.virtio.queues[0].size, cases[i].size);
		} else {
			refused(E_NODEV, "queue");
		}
	}
}

static void
unknown_features_are_not_accepted(void **unused)
{
	(void)unused;
	disk.virtio.offered = UINT64_MAX;
	fake_disk_limits(&disk, 65536, 126, 512);
	assert_int_equal(probe(), 0);
	assert_int_equal(disk.virtio.accepted, FAKE_F_VERSION_1 | FAKE_BLK_F_SIZE_MAX |
						       FAKE_BLK_F_SEG_MAX | FAKE_BLK_F_RO |
						       FAKE_BLK_F_BLK_SIZE | FAKE_BLK_F_FLUSH |
						       FAKE_BLK_F_CONFIG_WCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(probe_reads_the_configuration),
		with_disk(write_then_read),
		with_disk(segments_are_gathered_and_scattered),
		with_disk(flush_reaches_the_device),
		with_disk(all_tags_fly_and_land_in_any_order),
		unprobed(a_full_queue_is_busy),
		with_disk(a_tag_in_flight_is_busy),
		unprobed(indices_wrap),
		with_disk(the_budget_is_kept),
		with_disk(done_may_submit),
		with_disk(impossible_requests_are_refused),
		unprobed(a_read_only_disk_refuses_writes),
		unprobed(caches_are_recognized),
		unprobed(limits_are_respected),
		unprobed(impossible_limits_are_refused),
		unprobed(absurd_capacities),
		unprobed(a_changing_configuration_is_read_again),
		unprobed(queue_sizes),
		unprobed(unknown_features_are_not_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
