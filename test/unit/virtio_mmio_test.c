/* SPDX-License-Identifier: MIT
 * virtio_mmio_test.c: opening a virtio slot, its DMA area, and queues against an obvious model.
 *
 * links: kern/dev/virtio_mmio.c kern/dev/virtq.c kern/dev/blk_virtio.c
 * links: kern/dev/net_virtio.c kern/dev/net_virtio_orders.c kern/dev/drivers.c
 * links: kern/dev/uart_ns16550.c kern/dev/uart_sifive.c arch/host/mmio.c arch/host/ram.c
 * links: test/fake/virtio.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "arch/host/mmio.h"
#include "kern/dev/virtio_mmio.h"
#include "lib/base/checked.h"
#include "test/fake/virtio.h"

static struct fake_virtio chip;
static struct device_resources resources;
static struct virtio device;
static struct virtq queue;
static struct virtq_slot slots[64];

static int
plug(void **unused)
{
	(void)unused;
	fake_virtio_plug(&chip, 2, &resources);
	return 0;
}

static int
plug_and_open(void **unused)
{
	return plug(unused) || virtio_open(&device, &resources, 0) ||
	       virtq_open(&device, &queue, 0, slots, 1, 64) || virtio_start(&device);
}

static const struct driver *
slot_driver(void)
{
	for (const struct driver *const *d = drivers; *d; d++) {
		for (const char *const *name = (*d)->compatible; *name; name++) {
			if (!strcmp(*name, "virtio,mmio")) {
				return *d;
			}
		}
	}
	return NULL;
}

static void
every_driver_is_listed_whole(void **unused)
{
	(void)unused;
	unsigned count = 0;

	for (const struct driver *const *d = drivers; *d; d++, count++) {
		assert_non_null((*d)->compatible[0]);
		assert_non_null((*d)->probe);
	}
	assert_int_equal(count, 3);
	assert_non_null(slot_driver());
	assert_true(slot_driver()->wants_dma);
}

static void
a_slot_is_what_its_registers_say(void **unused)
{
	(void)unused;
	static _Alignas(16) uint8_t state[DRIVER_STATE_BYTES];
	const uint64_t sectors = 64;
	struct device found = {0};

	memcpy(chip.config, &sectors, sizeof(sectors));
	assert_int_equal(slot_driver()->probe(&resources, state, &found), 0);
	assert_non_null(found.blk);
	assert_null(found.net);
	fake_virtio_plug(&chip, 1, &resources);
	found = (struct device){0};
	assert_int_equal(slot_driver()->probe(&resources, state, &found), 0);
	assert_non_null(found.net);
	assert_null(found.blk);
	const uint32_t others[] = {0, 3, 4, 16, 0x10002, UINT32_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
		fake_virtio_plug(&chip, others[i], &resources);
		found = (struct device){0};
		assert_int_equal(slot_driver()->probe(&resources, state, &found), E_NODEV);
		assert_null(found.blk);
		assert_null(found.net);
		assert_null(found.why);
		assert_int_equal(chip.resets, 0);
	}
	fake_virtio_plug(&chip, 2, &resources);
	chip.magic++;
	assert_int_equal(slot_driver()->probe(&resources, state, &found), E_NODEV);
	fake_virtio_plug(&chip, 2, &resources);
	resources.bytes = 0xff;
	assert_int_equal(slot_driver()->probe(&resources, state, &found), E_NODEV);
}

static void
a_reset_has_a_time_limit(void **unused)
{
	(void)unused;
	chip.never_resets = true;
	host_time_set(UINT64_MAX - 5000, 100); /* even across the end of time */
	assert_int_equal(virtio_open(&device, &resources, 0), E_IO);
	uint64_t waited = arch_time() - (UINT64_MAX - 5000);

	assert_true(device.broken);
	assert_true(waited < HOST_TIMEBASE_HZ / 10);
	assert_true(waited > HOST_TIMEBASE_HZ / 1000);
}

static void
memory_comes_from_the_area(void **unused)
{
	(void)unused;
	struct paddr address;
	const uint8_t *base = resources.dma.memory;
	size_t used = 0;

	assert_int_equal(virtio_open(&device, &resources, 0), 0);
	memset(resources.dma.memory, 0xee, resources.dma.bytes);
	for (size_t align = 1; align <= 4096; align *= 2) {
		uint8_t *memory = virtio_dma_take(&device, align + 1, align, &address);

		assert_non_null(memory);
		assert_int_equal(address.value % align, 0);
		assert_int_equal(address.value - FAKE_RAM_ADDRESS, memory - base);
		assert_true((size_t)(memory - base) >= used);
		used = (size_t)(memory - base) + align + 1;
		for (size_t i = 0; i <= align; i++) {
			assert_int_equal(memory[i], 0);
		}
		assert_int_equal(memory[align + 1], 0xee);
	}
	size_t left = resources.dma.bytes - used;

	assert_null(virtio_dma_take(&device, left + 1, 1, &address));
	assert_null(virtio_dma_take(&device, SIZE_MAX, 1, &address));
	assert_non_null(virtio_dma_take(&device, left, 1, &address));
	assert_null(virtio_dma_take(&device, 1, 1, &address));
}

static void
chains_are_seen_as_given(void **unused)
{
	(void)unused;
	uint64_t at = fake_data_address();
	struct virtq_buffer buffers[6];
	struct fake_chain chain;
	uint32_t bytes;

	for (unsigned readable = 0; readable <= 3; readable++) {
		for (unsigned writable = !readable; writable <= 3; writable++) {
			for (unsigned i = 0; i < readable + writable; i++) {
				buffers[i] = (struct virtq_buffer){{at + i * 100}, i + 1};
			}
			assert_int_equal(virtq_add(&queue, buffers, readable, writable, 0xab), 0);
			assert_true(fake_virtio_take(&chip, 0, &chain));
			assert_int_equal(chain.readable, readable);
			assert_int_equal(chain.writable, writable);
			for (unsigned i = 0; i < readable + writable; i++) {
				assert_int_equal(chain.buffers[i].address, at + i * 100);
				assert_int_equal(chain.buffers[i].bytes, i + 1);
			}
			assert_false(virtq_pending(&queue));
			fake_virtio_return(&chip, 0, chain.id, 77);
			assert_true(virtq_pending(&queue));
			assert_int_equal(virtq_take(&queue, &bytes), 0xab);
			assert_int_equal(bytes, 77);
			assert_int_equal(virtq_take(&queue, &bytes), E_NOENT);
			assert_int_equal(queue.free_count, 64);
		}
	}
}

/* Random chains, served in random order, against a list of what is in flight. */
static void
random_traffic(void **unused)
{
	(void)unused;
	struct {
		struct fake_chain chain;
		uint8_t token;
	} flying[64];
	unsigned count = 0;
	unsigned used = 0;
	unsigned taken = 0;
	uint32_t bytes;

	srand(1);
	for (unsigned step = 0; step < 200000; step++) {
		unsigned length = 1 + (unsigned)rand() % 6;
		struct virtq_buffer buffers[6];

		for (unsigned i = 0; i < length; i++) {
			buffers[i] = (struct virtq_buffer){{fake_data_address()}, 1 + step % 99};
		}
		if (rand() % 2) {
			int error = virtq_add(&queue, buffers, length, 0, (uint8_t)step);

			assert_int_equal(error, used + length > 64 ? E_BUSY : 0);
			if (!error) {
				assert_true(fake_virtio_take(&chip, 0, &flying[count].chain));
				assert_int_equal(flying[count].chain.readable, length);
				flying[count++].token = (uint8_t)step;
				used += length;
			}
		} else if (count) {
			unsigned i = (unsigned)rand() % count;

			fake_virtio_return(&chip, 0, flying[i].chain.id, step);
			assert_int_equal(virtq_take(&queue, &bytes), flying[i].token);
			assert_int_equal(bytes, step);
			used -= flying[i].chain.readable;
			flying[i] = flying[--count];
			taken++;
		}
		assert_int_equal(queue.free_count, 64 - used);
	}
	assert_true(taken > 65536);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_driver_is_listed_whole),
		cmocka_unit_test_setup(a_slot_is_what_its_registers_say, plug),
		cmocka_unit_test_setup(a_reset_has_a_time_limit, plug),
		cmocka_unit_test_setup(memory_comes_from_the_area, plug),
		cmocka_unit_test_setup(chains_are_seen_as_given, plug_and_open),
		cmocka_unit_test_setup(random_traffic, plug_and_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
