/* SPDX-License-Identifier: MIT
 * virtio.h: a virtio-mmio device for tests, with a disk or a NIC behind it, honest unless told to
 * lie.
 *
 * The fake holds its driver to the specification: an access that virtio 1.2 forbids, a chain that
 * leaves RAM, a notification of a queue that is not ready all abort the test. Chains wait until the
 * test serves them, in any order; having taken one it asks to be told of the next. It interrupts
 * when the driver wants that only (virtio 1.2, 2.7.7). One device at a time: it owns the fake RAM.
 */
#ifndef TEST_FAKE_VIRTIO_H
#define TEST_FAKE_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/dev/drivers.h"

#define FAKE_BASE           0x10001000ul
#define FAKE_REGISTER_BYTES 0x200ul
#define FAKE_RAM_ADDRESS    0x240000000ull
/* RAM behind the DMA area, for the test itself. */
#define FAKE_DATA_BYTES         (128 * 1024ul)

#define FAKE_QUEUES             3
#define FAKE_F_EVENT_IDX        (1ull << 29)
#define FAKE_F_VERSION_1        (1ull << 32)
#define FAKE_INTERRUPT_USED     1u
#define FAKE_INTERRUPT_CONFIG   2u
#define FAKE_STATUS_NEEDS_RESET 0x40u
#define FAKE_STATUS_RUNNING     0xfu

struct fake_buffer {
	uint64_t address;
	uint32_t bytes;
};

struct fake_chain {
	uint16_t id;
	unsigned readable;
	unsigned writable;
	struct fake_buffer buffers[16];
};

struct fake_queue {
	uint32_t size;
	uint32_t ready;
	uint64_t descriptors;
	uint64_t available;
	uint64_t used;
	uint16_t taken; /* chains taken from the available ring */
	uint16_t used_index;
	unsigned notified;
	unsigned interrupts;
};

struct fake_virtio {
	/* What the device is; the test may change it before the probe. */
	uint32_t magic;
	uint32_t version;
	uint32_t device_id;
	uint64_t offered;
	uint32_t queue_max[FAKE_QUEUES];
	uint8_t config[64];
	/* Lies told by registers. */
	bool never_resets;
	bool refuses_features;
	bool never_starts;
	bool queue_ready_after_reset;
	unsigned config_changes; /* that many reads of the configuration each start a generation */
	void (*on_config_read)(struct fake_virtio *f); /* called before each, may be NULL */
	/* State. */
	uint32_t status;
	uint32_t interrupt_status;
	uint32_t generation;
	uint32_t offered_sel;
	uint32_t accepted_sel;
	uint64_t accepted;
	uint32_t queue_sel;
	struct fake_queue queues[FAKE_QUEUES];
	unsigned resets;
};

/* Plugs the device in, alone, with fresh RAM; what a probe needs goes to *r. */
void fake_virtio_plug(struct fake_virtio *f, uint32_t device_id, struct device_resources *r);

/* The test's part of RAM. */
uint8_t *fake_data(void);
uint64_t fake_data_address(void);

/* Takes the next chain the driver offers; false if there is none. */
bool fake_virtio_take(struct fake_virtio *f, unsigned queue, struct fake_chain *chain);

/* Returns a buffer to the driver and raises the interrupt. Lies are the caller's: any id, any
 * length. */
void fake_virtio_return(struct fake_virtio *f, unsigned queue, uint32_t id, uint32_t bytes);

/* Asks to be told of the chain with this index (2.7.10); without FAKE_F_EVENT_IDX of none, or if
 * `index` is the next one, of all. */
void fake_virtio_ask(struct fake_virtio *f, unsigned queue, uint16_t index);

/* Writes the index of the used ring, whatever it is. */
void fake_virtio_used_index(struct fake_virtio *f, unsigned queue, uint16_t index);

/* Moves bytes between `from`/`to` and the chain's readable or writable buffers, starting `skip`
 * bytes in. Returns how many. */
size_t fake_chain_read(const struct fake_chain *chain, size_t skip, void *to, size_t bytes);
size_t fake_chain_write(const struct fake_chain *chain, size_t skip, const void *from,
			size_t bytes);
size_t fake_chain_writable_bytes(const struct fake_chain *chain);

#endif
