/* SPDX-License-Identifier: MIT
 * virtio_mmio.c: virtio devices behind memory-mapped registers.
 *
 * The device is hostile: what it answers is checked, each wait has an end, and a device that fails
 * is reset and not used again.
 *
 * Callers: the class drivers, with their lock held.
 * Spec:    virtio 1.2, 3.1 (initialization), 4.2 (MMIO).
 */
#include "kern/dev/virtio_mmio.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"

/* 4.2.2 */
enum {
	MAGIC_VALUE = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030,
	QUEUE_NUM_MAX = 0x034,
	QUEUE_NUM = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC_LOW = 0x080,
	QUEUE_DRIVER_LOW = 0x090,
	QUEUE_DEVICE_LOW = 0x0a0,
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};

#define MAGIC          0x74726976u
#define VERSION_LEGACY 1u
#define VERSION_MODERN 2u

/* 2.1 */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_READY       (STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK)

#define INTERRUPT_USED     1u
#define INTERRUPT_CONFIG   2u

#define RESETS_PER_SECOND  100u /* a reset takes at most 1/100 s */
#define CONFIG_ATTEMPTS    8u

static uint32_t
reg_read(const struct virtio *v, uint32_t reg)
{
	return mmio_read32(v->base + reg);
}

static void
reg_write(const struct virtio *v, uint32_t reg, uint32_t value)
{
	mmio_write32(v->base + reg, value);
}

static int
fail(struct virtio *v, int error, const char *why)
{
	virtio_break(v, why);
	return error;
}

static bool
reset_finishes(const struct virtio *v)
{
	uint64_t start = arch_time();
	uint64_t limit = arch_timebase_hz() / RESETS_PER_SECOND;

	reg_write(v, STATUS, 0);
	while (reg_read(v, STATUS)) {
		if (arch_time() - start > limit) {
			return false;
		}
	}
	return true;
}

void
virtio_break(struct virtio *v, const char *why)
{
	if (!v->why) {
		v->why = why;
	}
	v->broken = true;
	(void)reset_finishes(v); /* nothing more can be done to one that does not */
}

uint32_t
virtio_device_id(const struct device_resources *r)
{
	if (r->bytes < CONFIG || !is_aligned(r->base, 4) ||
	    mmio_read32(r->base + MAGIC_VALUE) != MAGIC) {
		return 0;
	}
	return mmio_read32(r->base + DEVICE_ID);
}

static int
version_check(struct virtio *v)
{
	uint32_t version = reg_read(v, VERSION);

	if (version == VERSION_MODERN) {
		return 0;
	}
	v->why = version == VERSION_LEGACY
			 ? "legacy virtio; start QEMU with -global virtio-mmio.force-legacy=false"
			 : "unknown virtio-mmio version";
	return E_UNSUPPORTED;
}

static uint64_t
features_offered(const struct virtio *v)
{
	reg_write(v, DEVICE_FEATURES_SEL, 0);
	uint64_t low = reg_read(v, DEVICE_FEATURES);

	reg_write(v, DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)reg_read(v, DEVICE_FEATURES) << 32;
}

static int
features_negotiate(struct virtio *v, uint64_t wanted)
{
	v->features = features_offered(v) & (wanted | VIRTIO_F_VERSION_1);
	if (!(v->features & VIRTIO_F_VERSION_1)) {
		return fail(v, E_UNSUPPORTED, "it does not offer VIRTIO_F_VERSION_1");
	}
	reg_write(v, DRIVER_FEATURES_SEL, 0);
	reg_write(v, DRIVER_FEATURES, (uint32_t)v->features);
	reg_write(v, DRIVER_FEATURES_SEL, 1);
	reg_write(v, DRIVER_FEATURES, (uint32_t)(v->features >> 32));
	reg_write(v, STATUS, STATUS_READY);
	if (reg_read(v, STATUS) != STATUS_READY) {
		return fail(v, E_UNSUPPORTED, "it refuses the features chosen from its offer");
	}
	return 0;
}

int
virtio_open(struct virtio *v, const struct device_resources *r, uint64_t wanted)
{
	*v = (struct virtio){.base = r->base, .bytes = r->bytes, .dma = r->dma};
	if (!virtio_device_id(r) || !is_aligned(r->dma.address.value, PAGE_SIZE)) {
		return E_INVAL;
	}
	int error = version_check(v);

	if (error) {
		return error;
	}
	if (!reset_finishes(v)) {
		return fail(v, E_IO, "it does not finish a reset");
	}
	reg_write(v, STATUS, STATUS_ACKNOWLEDGE);
	reg_write(v, STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	return features_negotiate(v, wanted);
}

int
virtio_start(struct virtio *v)
{
	reg_write(v, STATUS, STATUS_READY | STATUS_DRIVER_OK);
	if (reg_read(v, STATUS) != (STATUS_READY | STATUS_DRIVER_OK)) {
		return fail(v, E_IO, "it does not start");
	}
	return 0;
}

static void
config_read_once(const struct virtio *v, uint32_t offset, unsigned width, uint8_t *to, size_t count)
{
	uintptr_t at = v->base + CONFIG + offset;

	for (size_t i = 0; i < count; i++, at += width, to += width) {
		uint32_t value = width == 4   ? mmio_read32(at)
				 : width == 2 ? mmio_read16(at)
					      : mmio_read8(at);

		memcpy(to, &value, width);
	}
}

int
virtio_config_read(struct virtio *v, uint32_t offset, unsigned width, void *to, size_t count)
{
	if (!range_within(CONFIG + (uint64_t)offset, width * count, v->bytes)) {
		return fail(v, E_IO, "its registers end before the configuration");
	}
	for (unsigned attempt = 0; attempt < CONFIG_ATTEMPTS; attempt++) {
		uint32_t generation = reg_read(v, CONFIG_GENERATION);

		config_read_once(v, offset, width, to, count);
		if (reg_read(v, CONFIG_GENERATION) == generation) {
			return 0;
		}
	}
	return fail(v, E_IO, "its configuration never stands still");
}

void *
virtio_dma_take(struct virtio *v, size_t bytes, size_t align, struct paddr *address)
{
	uint64_t start = align_up_u64(v->dma_used, align);

	if (!range_within(start, bytes, v->dma.bytes)) {
		return NULL;
	}
	v->dma_used = start + bytes;
	address->value = v->dma.address.value + start;
	return memset((uint8_t *)v->dma.memory + start, 0, bytes);
}

static __attribute__((noinline)) void
config_changed(struct virtio *v)
{
	if (reg_read(v, STATUS) != (STATUS_READY | STATUS_DRIVER_OK)) {
		virtio_break(v, "it asks for a reset");
	}
}

void
virtio_acknowledge(struct virtio *v)
{
	uint32_t causes = reg_read(v, INTERRUPT_STATUS) & (INTERRUPT_USED | INTERRUPT_CONFIG);

	if (causes) {
		reg_write(v, INTERRUPT_ACK, causes);
	}
	if (causes & INTERRUPT_CONFIG) {
		config_changed(v);
	}
}

static uint16_t
queue_size(uint32_t offered, uint16_t most)
{
	uint32_t size = most;

	while (size > offered) {
		size /= 2;
	}
	return (uint16_t)size;
}

static void
address_write(const struct virtio *v, uint32_t reg_low, uint64_t address)
{
	reg_write(v, reg_low, (uint32_t)address);
	reg_write(v, reg_low + 4, (uint32_t)(address >> 32));
}

/* Cuts the three parts of the queue from the DMA area (2.7) and tells the device. */
static bool
rings_place(struct virtio *v, struct virtq *q)
{
	struct paddr descriptors, available, used;

	q->descriptors =
		virtio_dma_take(v, q->size * sizeof(struct virtq_descriptor), 16, &descriptors);
	q->available = virtio_dma_take(
		v, sizeof(struct virtq_available) + (q->size + 1u) * sizeof(uint16_t), 2,
		&available);
	q->used = virtio_dma_take(
		v, sizeof(struct virtq_used) + q->size * sizeof(struct virtq_used_element) + 2, 4,
		&used);
	if (!q->descriptors || !q->available || !q->used) {
		return false;
	}
	address_write(v, QUEUE_DESC_LOW, descriptors.value);
	address_write(v, QUEUE_DRIVER_LOW, available.value);
	address_write(v, QUEUE_DEVICE_LOW, used.value);
	return true;
}

int
virtq_open(struct virtio *v, struct virtq *q, uint16_t index, struct virtq_slot *slots,
	   uint16_t least, uint16_t most)
{
	reg_write(v, QUEUE_SEL, index);
	if (reg_read(v, QUEUE_READY)) {
		return fail(v, E_IO, "its queue is in use after a reset");
	}
	uint16_t size = queue_size(reg_read(v, QUEUE_NUM_MAX), most);

	if (size < least) {
		return fail(v, E_NODEV, "its queue is missing or too short");
	}
	*q = (struct virtq){
		.device = v,
		.bell = v->base + QUEUE_NOTIFY,
		.has_events = v->features & VIRTIO_F_EVENT_IDX,
		.index = index,
		.size = size,
		.slots = slots,
		.free_count = size,
	};
	for (uint16_t i = 0; i < size; i++) {
		slots[i] = (struct virtq_slot){.next = i + 1};
	}
	if (!rings_place(v, q)) {
		return fail(v, E_NOSPACE, "the DMA area is too small for its queues");
	}
	reg_write(v, QUEUE_NUM, size);
	reg_write(v, QUEUE_READY, 1);
	return 0;
}
