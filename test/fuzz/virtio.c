/* SPDX-License-Identifier: MIT
 * virtio.c: fuzz target: the input plays a virtio disk or NIC, and its driver's user. Whatever it
 * answers and writes into shared memory, every tag is reported exactly once and no byte is touched
 * that is not the driver's.
 *
 * links: kern/dev/blk_virtio.c kern/dev/net_virtio.c kern/dev/net_virtio_orders.c
 * links: kern/dev/virtio_mmio.c kern/dev/virtq.c test/fake/virtio.c
 * links: test/fake/virtio_disk.c test/fake/tags.c arch/host/mmio.c arch/host/ram.c
 */
#include <exo/errors.h>
#include <stdlib.h>
#include <string.h>

#include "kern/dev/blk_virtio.h"
#include "kern/dev/net_virtio.h"
#include "test/fuzz/fuzz.h"
#include "test/fake/tags.h"
#include "test/fake/virtio_disk.h"

#define CHAINS_MAX 256
#define STEPS_MAX  2000
/* features: a control queue that takes orders about reception */
#define NIC_CONTROL (3ull << 17)

static struct {
	const uint8_t *data;
	size_t left;
} input;

static struct fake_disk disk; /* its virtio part is the NIC as well */
static struct fake_virtio *const chip = &disk.virtio;
static struct device_resources resources;
static struct device found;
static struct tags tags;
static struct {
	struct fake_chain chain;
	unsigned queue;
} taken[CHAINS_MAX];
static unsigned taken_count;
static bool lied; /* the chains at the device may be no chains of the driver any more */

static uint8_t
next8(void)
{
	if (!input.left) {
		return 0;
	}
	input.left--;
	return *input.data++;
}

static uint16_t
next16(void)
{
	uint16_t low = next8();

	return (uint16_t)(low | next8() << 8);
}

static uint32_t
next32(void)
{
	uint32_t low = next16();

	return low | (uint32_t)next16() << 16;
}

static void
receive(void *context, const uint8_t *frame, size_t bytes)
{
	const uint8_t *area = resources.dma.memory;

	demand(context == &tags);
	demand(bytes >= NET_FRAME_MIN && bytes <= NET_FRAME_MAX);
	demand((uintptr_t)frame % 8 == NET_FRAME_SKEW);
	demand(frame >= area && frame + bytes <= area + resources.dma.bytes);
}

static bool
is_broken(void)
{
	return found.blk ? found.blk->broken : found.net->broken;
}

/* --- the user
 * -------------------------------------------------------------------------------------- */

static int
user_reads_or_writes(uint32_t tag)
{
	struct blk_segment segments[BLK_SEGMENTS_MAX + 1];
	enum blk_op op = BLK_READ + next8() % 3;
	uint32_t count = next8() % (BLK_SEGMENTS_MAX + 2);
	uint64_t block = next8() % 250; /* the fake serves them, whatever capacity it claims */

	if (next8() == 0xff) {
		block = (uint64_t)next32() << 32 | FAKE_DISK_SECTORS / 8;
	}
	for (uint32_t i = 0; i < count; i++) {
		segments[i].address.value = fake_data_address() + next8() % 16 * 4096ul;
		segments[i].bytes = next8() < 240 ? 4096 : next16();
	}
	int result = found.blk->ops->submit(found.blk, op, block, segments, count, tag);

	demand(result == 0 || result == E_BUSY || result == E_RANGE || result == E_ALIGN ||
	       result == E_UNSUPPORTED || result == E_NODEV);
	return result;
}

static int
user_transmits(uint32_t tag)
{
	struct net_segment segments[NET_SEGMENTS_MAX + 1];
	uint32_t count = next8() % (NET_SEGMENTS_MAX + 2);

	for (uint32_t i = 0; i < count; i++) {
		segments[i].address.value = fake_data_address() + NET_FRAME_ROOM + next8();
		segments[i].bytes = next16() % 1600;
	}
	int result = found.net->ops->transmit(found.net, segments, count, tag, next8() & 1);

	demand(result == 0 || result == E_BUSY || result == E_RANGE || result == E_NODEV);
	return result;
}

static void
user_filters(void)
{
	static const uint8_t addresses[NET_ADDRESSES_MAX + 1][6] = {[3] = {2}, [9] = {1}};
	uint32_t count = next8() % (NET_ADDRESSES_MAX + 2);
	int result = found.net->ops->set_filter(found.net, next8() & 1, addresses, count);

	demand(result == 0 || result == E_BUSY || result == E_RANGE || result == E_NODEV ||
	       result == E_UNSUPPORTED);
	demand((result == E_NODEV) == is_broken());
}

static void
user_submits(void)
{
	if (found.net && next8() < 30) {
		user_filters();
		return;
	}
	uint32_t tag = next8() % (TAGS_MAX + 1);
	int result = found.blk ? user_reads_or_writes(tag) : user_transmits(tag);

	demand((result == E_NODEV) == is_broken());
	if (!result) {
		tags_submitted(&tags, tag);
	}
}

static bool
user_takes(uint32_t budget)
{
	unsigned before = tags.reports;
	bool more = found.blk ? found.blk->ops->interrupt(found.blk, budget)
			      : found.net->ops->interrupt(found.net, budget);

	/* two frames that nobody awaits are the work of one */
	demand(tags.reports - before <= (found.blk ? budget : 2 * budget));
	demand(!is_broken() || more == (tags_owed(&tags) > 0));
	return more;
}

/* --- the device
 * ------------------------------------------------------------------------------------ */

static void
device_takes(void)
{
	unsigned queue = next8() % FAKE_QUEUES;

	if (!lied && taken_count < CHAINS_MAX &&
	    fake_virtio_take(chip, queue, &taken[taken_count].chain)) {
		taken[taken_count++].queue = queue;
	}
}

/* Serves a chain, truthfully but for status and length. */
static void
device_returns(void)
{
	if (!taken_count) {
		return;
	}
	unsigned i = next8() % taken_count;
	struct fake_chain *chain = &taken[i].chain;
	uint8_t lie = next8();
	uint32_t bytes = (uint32_t)fake_chain_writable_bytes(chain);

	if (found.blk && !lied) {
		fake_disk_perform(&disk, chain, lie < 200 ? 0 : lie);
	}
	fake_virtio_return(chip, taken[i].queue, chain->id, lie % 8 ? bytes : next16());
	taken[i] = taken[--taken_count];
}

static void
device_scribbles(void)
{
	size_t at = (next32() & 0xffffff) % resources.dma.bytes;
	size_t bytes = next8() + 1u;
	uint8_t value = next8();

	if (bytes > resources.dma.bytes - at) {
		bytes = resources.dma.bytes - at;
	}
	memset((uint8_t *)resources.dma.memory + at, value, bytes);
	lied = true;
}

static void
device_changes_its_registers(void)
{
	chip->interrupt_status = next8();
	chip->status ^= next8() & FAKE_STATUS_NEEDS_RESET;
	chip->never_resets = next8() & 1;
}

static void
step(void)
{
	unsigned queue;

	switch (next8() % 9) {
	case 0:
	case 1:
		user_submits();
		break;
	case 2:
		user_takes(next8());
		break;
	case 3:
		device_takes();
		break;
	case 4:
		device_returns();
		break;
	case 5:
		lied = true;
		queue = next8() % FAKE_QUEUES;
		fake_virtio_return(chip, queue, next8() < 200 ? next16() : next32(), next32());
		break;
	case 6:
		queue = next8() % FAKE_QUEUES;
		if (chip->queues[queue].ready) {
			lied = true;
			fake_virtio_used_index(chip, queue, next16());
		}
		break;
	case 7:
		device_scribbles();
		break;
	case 8:
		device_changes_its_registers();
		break;
	}
}

/* A last lie breaks the device, if it is not broken: everything owed comes back. */
static void
finish(void)
{
	for (unsigned i = 0; i < 3 && !is_broken(); i++) {
		fake_virtio_used_index(chip, 0, (uint16_t)(chip->queues[0].used_index + 0x4000));
		user_takes(64);
	}
	demand(is_broken());
	user_takes(TAGS_MAX);
	demand(tags_owed(&tags) == 0);
}

static void
plug(bool is_disk)
{
	uint8_t lies = next8();

	if (is_disk) {
		fake_disk_plug(&disk, &resources);
	} else {
		fake_virtio_plug(chip, 1, &resources);
	}
	chip->version = lies & 1 ? next8() : 2;
	chip->offered ^= lies & 2 ? (uint64_t)next32() << 32 | next32() : 0;
	chip->offered |= lies & 128 ? FAKE_F_EVENT_IDX | NIC_CONTROL : 0;
	chip->never_resets = lies & 4;
	chip->refuses_features = lies & 8;
	chip->never_starts = lies & 16;
	chip->config_changes = next8();
	for (unsigned i = 0; i < FAKE_QUEUES; i++) {
		chip->queue_max[i] = lies & 32 ? next32() : 1u << next8() % 11;
	}
	for (size_t i = 0; lies & 64 && i < sizeof(chip->config); i++) {
		chip->config[i] = next8();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	void *state = calloc(1, DRIVER_STATE_BYTES);

	input.data = data;
	input.left = bytes;
	found = (struct device){0};
	memset(&tags, 0, sizeof(tags));
	taken_count = 0;
	lied = false;

	bool is_disk = next8() & 1;

	plug(is_disk);
	int error = is_disk ? blk_virtio_probe(&resources, state, &found)
			    : net_virtio_probe(&resources, state, &found);

	if (error) {
		demand(found.why && !found.blk && !found.net);
		free(state);
		return 0;
	}
	if (found.blk) {
		found.blk->done = tags_done;
		found.blk->context = &tags;
	} else {
		found.net->done = tags_done;
		found.net->receive = receive;
		found.net->context = &tags;
	}
	for (unsigned i = 0; input.left && i < STEPS_MAX; i++) {
		step();
	}
	finish();
	free(state);
	return 0;
}
