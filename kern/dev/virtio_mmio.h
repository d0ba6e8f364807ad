/* SPDX-License-Identifier: MIT
 * virtio_mmio.h: virtio devices behind memory-mapped registers, version 2.
 *
 * A class driver opens the device with the features it can use, opens its queues (virtq.h), starts
 * the device, then uses the queues. All calls for one device need the driver's lock.
 */
#ifndef KERN_DEV_VIRTIO_MMIO_H
#define KERN_DEV_VIRTIO_MMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "kern/dev/drivers.h"
#include "kern/dev/virtq.h"

#define VIRTIO_ID_NET      1u
#define VIRTIO_ID_BLOCK    2u

#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

struct virtio {
	uintptr_t base;
	uint64_t bytes; /* of registers */
	struct dma_area dma;
	size_t dma_used;
	uint64_t features; /* negotiated */
	const char *why;   /* a clause, once something failed */
	bool broken;       /* the device was reset for good */
};

/* The device type of the slot, 0 if it is empty or no virtio device is there. */
uint32_t virtio_device_id(const struct device_resources *r);

/* Resets the device and negotiates: VERSION_1, which it must have, and those of `wanted` that it
 * offers. 0, E_UNSUPPORTED (too old or refuses), E_IO (does not finish a reset), E_INVAL
 * (resources). Virtio 1.2, 3.1.1 steps 1 to 6. */
int virtio_open(struct virtio *v, const struct device_resources *r, uint64_t wanted);

/* Step 8: from here on the device works. 0 or E_IO. */
int virtio_start(struct virtio *v);

/* Resets the device for good; `why` is kept unless there is a reason already. */
void virtio_break(struct virtio *v, const char *why);

/* Reads `count` configuration fields of `width` (1, 2, 4) bytes each from `offset` on, all of one
 * generation (4.2.2.1). 0 or E_IO. */
int virtio_config_read(struct virtio *v, uint32_t offset, unsigned width, void *to, size_t count);

/* Cuts zeroed memory from the device's area; `align` is a power of two up to a page. NULL if none
 * is left. */
void *virtio_dma_take(struct virtio *v, size_t bytes, size_t align, struct paddr *address);

/* Acknowledges the interrupt; breaks a device that says it needs a reset. */
void virtio_acknowledge(struct virtio *v);

/* Opens queue `index` with as many descriptors as the device allows, at most `most` (a power of
 * two), which is how many `slots` has. 0, E_NODEV (the device has fewer than `least`), E_IO,
 * E_NOSPACE (of the DMA area). */
int virtq_open(struct virtio *v, struct virtq *q, uint16_t index, struct virtq_slot *slots,
	       uint16_t least, uint16_t most);

#endif
