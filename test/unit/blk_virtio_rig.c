/* SPDX-License-Identifier: MIT
 * blk_virtio_rig.c: see blk_virtio_rig.h.
 */
#include "test/unit/blk_virtio_rig.h"

#include <string.h>

struct fake_disk disk;
struct device_resources resources;
struct device found;
struct blk *blk;
struct tags seen;
static _Alignas(16) uint8_t state[DRIVER_STATE_BYTES];

int
probe(void)
{
	memset(&found, 0, sizeof(found));
	memset(&seen, 0, sizeof(seen));
	memset(state, 0, sizeof(state));
	int error = blk_virtio_probe(&resources, state, &found);

	blk = found.blk;
	assert_true((error == 0) == (blk != NULL));
	if (blk) {
		blk->done = tags_done;
		blk->context = &seen;
	}
	return error;
}

int
plug(void **unused)
{
	(void)unused;
	fake_disk_plug(&disk, &resources);
	return 0;
}

int
plug_and_probe(void **unused)
{
	return plug(unused) || probe();
}

int
submit(enum blk_op op, uint64_t block, uint32_t tag)
{
	struct blk_segment page = {{fake_data_address() + tag % 32 * BLOCK}, BLOCK};
	int error = blk->ops->submit(blk, op, block, &page, op == BLK_FLUSH ? 0 : 1, tag);

	if (!error) {
		tags_submitted(&seen, tag);
	}
	return error;
}

struct fake_chain
take(void)
{
	struct fake_chain chain;

	assert_true(fake_virtio_take(&disk.virtio, 0, &chain));
	return chain;
}

void
refused(int error, const char *reason)
{
	assert_int_equal(probe(), error);
	assert_non_null(found.why);
	assert_non_null(strstr(found.why, reason));
	assert_int_equal(disk.virtio.status, 0);
}
