/* SPDX-License-Identifier: MIT
 * virtq.h: split virtqueues (virtio 1.2, 2.7).
 *
 * A driver adds chains of buffers and takes them back. Each chain has a token, chosen by the
 * driver, below 256.
 */
#ifndef KERN_DEV_VIRTQ_H
#define KERN_DEV_VIRTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <exo/errors.h>
#include "arch/arch.h"

struct virtio;

/* What is shared with the device. Flags of the two rings are without VIRTIO_F_EVENT_IDX. */
#define VIRTQ_NO_INTERRUPT 1u
#define VIRTQ_NO_NOTIFY    1u

struct virtq_descriptor {
	uint64_t address;
	union {
		struct {
			uint32_t bytes;
			uint16_t flags;
			uint16_t next;
		};
		uint64_t rest; /* the same, written at once */
	};
};

struct virtq_available {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[];
};

struct virtq_used_element {
	uint32_t id;
	uint32_t bytes;
};

struct virtq_used {
	uint16_t flags;
	uint16_t index;
	struct virtq_used_element ring[];
};

_Static_assert(sizeof(struct virtq_descriptor) == 16, "2.7.5");
_Static_assert(sizeof(struct virtq_used_element) == 8, "2.7.8");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rings are little endian");

/* What the driver knows of a descriptor, out of the device's reach. */
struct virtq_slot {
	uint16_t next; /* in the chain, or in the free list */
	uint8_t count; /* first of a chain that the device has: descriptors in it; else 0 */
	uint8_t token;
};

struct virtq {
	struct virtio *device;
	volatile struct virtq_descriptor *descriptors;
	volatile struct virtq_available *available;
	volatile struct virtq_used *used;
	struct virtq_slot *slots;
	uintptr_t bell;  /* where the device is told, */
	uint16_t index;  /* with this number */
	bool has_events; /* VIRTIO_F_EVENT_IDX */
	uint16_t size;   /* descriptors, a power of two */
	uint16_t free_first;
	uint16_t free_count;
	uint16_t available_index; /* chains given to the device so far, mod 2^16 */
	uint16_t told_index;      /* of them those when the device was told of them last */
	uint16_t used_index;      /* chains taken back so far, mod 2^16 */
};

struct virtq_buffer {
	struct paddr address;
	uint32_t bytes;
};

/* Gives the device a chain of readable, then writable buffers, at least one and at most 255. 0, or
 * E_BUSY: too few descriptors are free and nothing happened. */
int virtq_add(struct virtq *q, const struct virtq_buffer *buffers, unsigned readable,
	      unsigned writable, uint8_t token);

/* The same of a chain of one readable buffer. */
static inline int
virtq_add_one(struct virtq *q, struct paddr address, uint32_t bytes, uint8_t token)
{
	uint16_t id = q->free_first;
	struct virtq_slot *slot = &q->slots[id];
	volatile struct virtq_descriptor *d = &q->descriptors[id];
	volatile struct virtq_available *available = q->available;
	uint32_t index = q->available_index;

	if (!q->free_count) {
		return E_BUSY;
	}
	q->free_first = slot->next;
	q->free_count--;
	slot->count = 1;
	slot->token = token;
	d->address = address.value;
	d->rest = bytes;
	available->ring[index & (q->size - 1)] = id;
	dma_write_barrier();
	index++;
	q->available_index = (uint16_t)index;
	available->index = (uint16_t)index;
	return 0;
}

/* Tells the device of the chains that were added, unless it has said that it will look by itself
 * (2.7.10, 2.7.13.4). */
void virtq_notify(struct virtq *q);

/* Takes back one chain. Returns its token with the number of bytes that the device claims to have
 * written, unchecked; E_NOENT; or E_IO after an impossible answer, which broke the device. */
int virtq_take(struct virtq *q, uint32_t *bytes);

/* True if virtq_take would not return E_NOENT. */
static inline bool
virtq_pending(const struct virtq *q)
{
	return q->used->index != q->used_index;
}

/* The device need not interrupt for this queue from now on. */
static inline void
virtq_hush(struct virtq *q)
{
	if (!q->has_events) {
		q->available->flags = VIRTQ_NO_INTERRUPT;
	}
}

/* It shall interrupt when it has filled all chains that it has and the next one that is added. */
static inline void
virtq_listen_behind(struct virtq *q)
{
	if (q->has_events) {
		q->available->ring[q->size] = q->available_index;
	} else {
		q->available->flags = 0;
	}
}

/* It shall interrupt for the next chain that it fills, unless there is one already: true then.
 * What it has to look at stands behind the ring, or in its flags (2.7.6). */
static inline bool
virtq_listen(struct virtq *q)
{
	if (q->has_events) {
		q->available->ring[q->size] = q->used_index;
	} else {
		q->available->flags = 0;
	}
	dma_question_barrier();
	if (virtq_pending(q)) {
		virtq_hush(q);
		return true;
	}
	return false;
}

/* The device has told a lie and is broken: E_IO. */
int virtq_lie(struct virtq *q, const char *why);

/* How many chains could be taken back now, or E_IO (2.7.14). */
static inline int
virtq_filled(struct virtq *q)
{
	uint16_t filled = (uint16_t)(q->used->index - q->used_index);
	uint16_t given = (uint16_t)(q->available_index - q->used_index);

	if (filled > given) {
		return virtq_lie(q, "it returned more buffers than it had");
	}
	dma_read_barrier();
	return filled;
}

/* After virtq_filled(), for as many as that said: the id of the next one, which stays as it is; or
 * E_IO. */
static inline int
virtq_next(struct virtq *q, uint32_t *bytes)
{
	volatile struct virtq_used_element *element = &q->used->ring[q->used_index & (q->size - 1)];
	uint32_t id = element->id;

	*bytes = element->bytes;
	if (id >= q->size || !q->slots[id].count) {
		return virtq_lie(q, "it returned a buffer that it did not have");
	}
	q->used_index++;
	return (int)id;
}

/* The short way for a queue whose chains are one descriptor each and go round for ever; the one
 * that was added first has id 0, and so on. Instead of virtq_take(): what virtq_next() named goes
 * back; the device does not know before virtq_publish(). Its descriptor is as it was, unless the
 * device has written there, which harms only itself. */
static inline void
virtq_put_back(struct virtq *q, uint16_t id)
{
	q->available->ring[q->available_index++ & (q->size - 1)] = id;
}

static inline void
virtq_publish(struct virtq *q)
{
	dma_write_barrier();
	q->available->index = q->available_index;
	virtq_notify(q);
}

#endif
