/* SPDX-License-Identifier: MIT
 * virtq.c: split virtqueues.
 *
 * The device is hostile. All that the driver must rely on (which descriptors are free, which chains
 * the device has) lies in struct virtq and its slots, never in the shared rings; these are only
 * written, but for the used ring, whose index and ids are read once and checked, and for what the
 * device says of notifications, which harms itself only. What fails the check breaks the device.
 *
 * Invariants: a slot is on the free list, or in exactly one chain; slots[id].count != 0 iff the
 *             device has, or will have when it is told, the chain that starts at id; there are
 *             available_index - used_index of those, at most `size`, and with them the one that
 *             virtq_next() has named, until it is put back.
 * Callers:    the class drivers, with their lock held.
 * Spec:       virtio 1.2, 2.7.
 */
#include "kern/dev/virtq.h"

#include <exo/errors.h>

#include "kern/dev/virtio_mmio.h"

#define DESCRIPTOR_NEXT  1u
#define DESCRIPTOR_WRITE 2u

int
virtq_lie(struct virtq *q, const char *why)
{
	virtio_break(q->device, why);
	return E_IO;
}

static void
descriptor_fill(volatile struct virtq_descriptor *d, const struct virtq_buffer *buffer,
		uint64_t flags, uint64_t next)
{
	d->address = buffer->address.value;
	d->rest = buffer->bytes | flags << 32 | next << 48;
}

/* 2.7.13: descriptors, then the ring entry, then the index. */
int
virtq_add(struct virtq *q, const struct virtq_buffer *buffers, unsigned readable, unsigned writable,
	  uint8_t token)
{
	struct virtq_slot *slots = q->slots;
	unsigned count = readable + writable;
	uint16_t first = q->free_first;
	uint16_t id = first;

	if (count > q->free_count) {
		return E_BUSY;
	}
	for (unsigned i = 0; i < count; i++) {
		bool is_last = i + 1 == count;
		uint16_t next = slots[id].next;

		descriptor_fill(&q->descriptors[id], &buffers[i],
				(i < readable ? 0 : DESCRIPTOR_WRITE) |
					(is_last ? 0 : DESCRIPTOR_NEXT),
				is_last ? 0 : next);
		id = next;
	}
	q->free_first = id;
	q->free_count = (uint16_t)(q->free_count - count);
	slots[first].count = (uint8_t)count;
	slots[first].token = token;
	q->available->ring[q->available_index & (q->size - 1)] = first;
	dma_write_barrier();
	q->available->index = ++q->available_index;
	return 0;
}

/* What the device wants to hear of stands behind its ring (2.7.8). */
static uint16_t
available_event(const struct virtq *q)
{
	return *(volatile uint16_t *)&q->used->ring[q->size];
}

/* 2.7.10, for the chains up to `index`. What a lying device says here only keeps itself from being
 * told. */
static inline bool
wants_notice(const struct virtq *q, uint32_t index)
{
	if (!q->has_events) {
		return !(q->used->flags & VIRTQ_NO_NOTIFY);
	}
	/* (uint16_t)(index - event - 1) < (uint16_t)(index - told) */
	return (index - available_event(q) - 1) << 16 < (index - q->told_index) << 16;
}

void
virtq_notify(struct virtq *q)
{
	uint32_t index = q->available_index;

	dma_question_barrier();
	if (wants_notice(q, index)) {
		dma_write_barrier();
		mmio_write32(q->bell, q->index);
	}
	q->told_index = (uint16_t)index;
}

/* The slots between the first and the last of a chain are linked already. */
static void
chain_free(struct virtq *q, uint16_t first)
{
	uint16_t last = first;

	for (unsigned left = q->slots[first].count; left > 1; left--) {
		last = q->slots[last].next;
	}
	q->slots[last].next = q->free_first;
	q->free_first = first;
	q->free_count = (uint16_t)(q->free_count + q->slots[first].count);
	q->slots[first].count = 0;
}

/* 2.7.14 */
int
virtq_take(struct virtq *q, uint32_t *bytes)
{
	int filled = virtq_filled(q);

	if (filled <= 0) {
		return filled ? filled : E_NOENT;
	}
	int id = virtq_next(q, bytes);

	if (id < 0) {
		return id;
	}
	chain_free(q, (uint16_t)id);
	return q->slots[id].token;
}
