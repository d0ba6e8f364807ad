/* SPDX-License-Identifier: MIT
 * net_virtio.c: a virtio NIC without offloads: what it receives and sends are the frames on the
 * wire.
 *
 * Every frame has a header of 12 bytes before it. Those sent are all zero ("nothing special",
 * 5.1.6.2) and stand before the frame's first segment; those received are not looked at.
 *
 * State:      struct net_virtio; in the DMA area RECEIVE_BUFFERS buffers.
 * Invariants: bit t of in_flight is set iff done(t) is owed, of awaited if somebody waits for that.
 *             Each receive buffer is the device's, once that was told (virtq_publish), but for the
 *             one whose frame is being handed out.
 *             Outside interrupt() the device interrupts for the next frame that comes, and at the
 *             latest when all have left that it had when the first awaited one was given to it; or
 *             interrupt() has returned true. All of that "unless broken".
 * Callers:    the NIC's user, with the NIC's lock held, interrupts off.
 * Spec:       virtio 1.2, 5.1.
 */
#include "kern/dev/net_virtio.h"

#include <exo/errors.h>

#include "kern/dev/net_virtio_orders.h"
#include "kern/dev/virtio_mmio.h"
#include "lib/base/bitmap.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define F_MAC      (1ull << 5) /* 5.1.3 */
#define WANTED     (F_MAC | NET_ORDERS_FEATURES | VIRTIO_F_EVENT_IDX)
#define CONFIG_MAC 0 /* 5.1.4 */

enum {
	QUEUE_RECEIVE = 0,
	QUEUE_TRANSMIT = 1,
};

#define HEADER_BYTES    12u   /* 5.1.6.1; with VERSION_1 it always has num_buffers */
#define BUFFER_BYTES    1536u /* header and the longest frame (1526), rounded up */
#define LEAST_BYTES     (HEADER_BYTES + NET_FRAME_MIN)
#define BUFFER_SKEW     6u /* then frames begin where they should */
#define RECEIVE_BUFFERS 64
#define TRANSMIT_LEAST  8   /* room for a frame of NET_SEGMENTS_MAX segments */
#define TRANSMIT_MOST   256 /* for NET_TAGS_MAX of them */
#define UNAWAITED_MOST  24  /* and room for those of one ring that are */
#define TAKEN_PER_WORK  2   /* of those that nobody awaits */

struct net_virtio {
	struct net net;
	struct virtio virtio;
	struct virtq receive;
	struct virtq transmit;
	uint8_t *buffers; /* BUFFER_BYTES each; buffer i has id i (virtq_put_back) */
	struct paddr buffers_address;
	struct net_orders orders;
	uint64_t in_flight; /* a bit per tag */
	uint64_t awaited;   /* those of them that are */
	struct virtq_slot receive_slots[RECEIVE_BUFFERS];
	struct virtq_slot transmit_slots[TRANSMIT_MOST];
};

_Static_assert(sizeof(struct net_virtio) <= DRIVER_STATE_BYTES, "driver state");
_Static_assert(NET_TAGS_MAX <= 64, "in_flight");
_Static_assert(HEADER_BYTES + NET_FRAME_MAX <= BUFFER_BYTES, "a frame fits its buffer");
_Static_assert(HEADER_BYTES <= NET_FRAME_ROOM, "a header fits before it");
_Static_assert(NET_SEGMENTS_MAX *NET_TAGS_MAX <= TRANSMIT_MOST, "all tags can be in flight");
_Static_assert((BUFFER_SKEW + HEADER_BYTES) % 8 == NET_FRAME_SKEW && BUFFER_BYTES % 8 == 0,
	       "aligned frames");

/* To the queue, with its header. 0, E_RANGE or E_BUSY. */
static inline int
add_one(struct net_virtio *s, const struct net_segment *all, uint32_t tag)
{
	if (all->bytes - NET_FRAME_MIN > NET_FRAME_MAX - NET_FRAME_MIN) {
		return E_RANGE;
	}
	return virtq_add_one(&s->transmit, (struct paddr){all->address.value - HEADER_BYTES},
			     all->bytes + HEADER_BYTES, (uint8_t)tag);
}

/* Header and segments as a chain of as many. 0 or E_RANGE. */
static int
chain_build(const struct net_segment *segments, uint32_t count, struct virtq_buffer *chain)
{
	uint32_t left = NET_FRAME_MAX;

	if (!count || count > NET_SEGMENTS_MAX) {
		return E_RANGE;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!segments[i].bytes || segments[i].bytes > left) {
			return E_RANGE;
		}
		left -= segments[i].bytes;
		chain[i] = (struct virtq_buffer){segments[i].address, segments[i].bytes};
	}
	chain[0].address.value -= HEADER_BYTES;
	chain[0].bytes += HEADER_BYTES;
	return left > NET_FRAME_MAX - NET_FRAME_MIN ? E_RANGE : 0;
}

static __attribute__((noinline)) int
add_chain(struct net_virtio *s, const struct net_segment *segments, uint32_t count, uint32_t tag)
{
	struct virtq_buffer chain[NET_SEGMENTS_MAX];
	int error = chain_build(segments, count, chain);

	return error ? error : virtq_add(&s->transmit, chain, count, 0, (uint8_t)tag);
}

static int
net_virtio_transmit(struct net *n, const struct net_segment *segments, uint32_t count, uint32_t tag,
		    bool is_awaited)
{
	struct net_virtio *s = container_of(n, struct net_virtio, net);
	int error;

	if (n->broken) {
		return E_NODEV;
	}
	if (tag >= NET_TAGS_MAX) {
		return E_RANGE;
	}
	if (bitmap_get(&s->in_flight, tag)) {
		return E_BUSY;
	}
	if (is_awaited && !s->awaited) {
		virtq_listen_behind(&s->transmit);
	}
	error = count == 1 ? add_one(s, segments, tag) : add_chain(s, segments, count, tag);
	if (error) {
		return error;
	}
	bitmap_set(&s->in_flight, tag);
	if (is_awaited) {
		bitmap_set(&s->awaited, tag);
	}
	virtq_notify(&s->transmit);
	return 0;
}

static int
net_virtio_set_filter(struct net *n, bool all, const uint8_t (*addresses)[6], uint32_t count)
{
	struct net_virtio *s = container_of(n, struct net_virtio, net);
	int error = n->broken ? E_NODEV : net_orders_filter(&s->orders, all, addresses, count);

	n->filter_result = error ? n->filter_result : E_BUSY;
	return error;
}

static __attribute__((cold)) void
report(struct net_virtio *s, uint32_t tag, int result)
{
	bitmap_clear(&s->in_flight, tag);
	bitmap_clear(&s->awaited, tag);
	s->net.done(s->net.context, tag, result);
}

/* Reports one frame as sent; false if there is none or the device broke. */
static inline bool
sent_one(struct net_virtio *s, bool *was_awaited)
{
	uint32_t bytes;
	int tag = virtq_take(&s->transmit, &bytes);

	if (tag < 0) {
		return false;
	}
	if (bytes) {
		virtio_break(&s->virtio, "it wrote into a frame to be sent");
		return false;
	}
	*was_awaited = bitmap_get(&s->awaited, (uint32_t)tag);
	report(s, (uint32_t)tag, 0);
	return true;
}

/* What has come is no frame. False: the device broke. */
static __attribute__((noinline)) bool
passed_over(struct net_virtio *s, uint32_t bytes)
{
	if (bytes > BUFFER_BYTES) {
		virtio_break(&s->virtio, "it wrote more than a buffer holds");
		return false;
	}
	s->net.dropped++;
	return true;
}

/* Out of line, as what a broken device leaves behind: receiving is what is to be quick. */
static __attribute__((noinline)) void
transmit_serve(struct net_virtio *s, uint32_t budget)
{
	uint32_t part = TAKEN_PER_WORK - 1; /* the first one costs */
	bool was_awaited;

	while (s->net.work < budget && sent_one(s, &was_awaited)) {
		part = (part + 1) % TAKEN_PER_WORK;
		s->net.work += was_awaited || !part;
	}
}

static __attribute__((noinline)) bool
all_fails(struct net_virtio *s, uint32_t budget)
{
	s->net.broken = true;
	for (; s->net.work < budget && s->in_flight; s->net.work++) {
		report(s, word_lowest_bit(s->in_flight), E_IO);
	}
	return s->in_flight != 0;
}

/* A frame is less work than what a completion costs: two thirds. */
static void
receive_serve(struct net_virtio *s, uint32_t budget)
{
	void (*receive)(void *, const uint8_t *, size_t) = s->net.receive;
	const uint8_t *frames = s->buffers + HEADER_BYTES;
	int filled = virtq_filled(&s->receive);
	uint32_t third = 0;

	if (filled <= 0 || s->net.work >= budget) {
		return;
	}
	do {
		uint32_t bytes;
		int index = virtq_next(&s->receive, &bytes);

		if (index < 0) {
			return;
		}
		if (bytes - LEAST_BYTES <= NET_FRAME_MAX - NET_FRAME_MIN) {
			receive(s->net.context, frames + (size_t)index * BUFFER_BYTES,
				bytes - HEADER_BYTES);
		} else if (!passed_over(s, bytes)) {
			return;
		}
		virtq_put_back(&s->receive, (uint16_t)index);
		third = third == 2 ? 0 : third + 1;
		s->net.work += third != 0;
	} while (--filled && s->net.work < budget);
	virtq_publish(&s->receive);
}

/* What has come is not kept waiting by what has left. True if there is more to do, or it broke. */
static bool
queues_serve(struct net_virtio *s, uint32_t budget)
{
	bool more;

	virtq_hush(&s->receive);
	virtq_hush(&s->transmit);
	if (s->orders.left) {
		s->net.filter_result = net_orders_serve(&s->orders);
	}
	if (s->awaited && !s->virtio.broken && virtq_pending(&s->transmit)) {
		transmit_serve(s, virtq_pending(&s->receive) ? (s->net.work + budget + 1) / 2
							     : budget);
	}
	if (!s->virtio.broken) {
		receive_serve(s, budget);
	}
	if (s->virtio.broken) {
		return true;
	}
	more = virtq_listen(&s->receive);
	return (s->awaited && virtq_listen(&s->transmit)) || more;
}

static bool
net_virtio_interrupt(struct net *n, uint32_t budget)
{
	struct net_virtio *s = container_of(n, struct net_virtio, net);

	n->work = 0;
	if (!s->virtio.broken) {
		virtio_acknowledge(&s->virtio);
	}
	while (!s->virtio.broken) {
		if (!queues_serve(s, budget)) {
			return false;
		}
		if (n->work >= budget && !s->virtio.broken) {
			return true;
		}
	}
	return all_fails(s, budget);
}

static const struct net_ops net_virtio_ops = {
	.name = "virtio-net",
	.transmit = net_virtio_transmit,
	.set_filter = net_virtio_set_filter,
	.interrupt = net_virtio_interrupt,
};

static bool
mac_usable(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}

/* The device's address, or a locally administered one that differs between the NICs of a board. */
static int
mac_choose(struct net_virtio *s, uint32_t irq)
{
	const uint8_t fallback[6] = {2, 'C', 'h', 'i', (uint8_t)(irq >> 8), (uint8_t)irq};
	uint8_t mac[6] = {0};

	if (s->virtio.features & F_MAC) {
		int error = virtio_config_read(&s->virtio, CONFIG_MAC, 1, mac, sizeof(mac));

		if (error) {
			return error;
		}
	}
	memcpy(s->net.mac, mac_usable(mac) ? mac : fallback, sizeof(mac));
	return 0;
}

static int
memory_take(struct net_virtio *s)
{
	uint8_t *area =
		virtio_dma_take(&s->virtio, (size_t)RECEIVE_BUFFERS * BUFFER_BYTES + BUFFER_SKEW,
				64, &s->buffers_address);

	if (!area) {
		virtio_break(&s->virtio, "the DMA area is too small for its buffers");
		return E_NOSPACE;
	}
	s->buffers = area + BUFFER_SKEW;
	s->buffers_address.value += BUFFER_SKEW;
	return 0;
}

static int
queues_open(struct net_virtio *s)
{
	int error = virtq_open(&s->virtio, &s->receive, QUEUE_RECEIVE, s->receive_slots, 1,
			       RECEIVE_BUFFERS);

	if (error) {
		return error;
	}
	error = virtq_open(&s->virtio, &s->transmit, QUEUE_TRANSMIT, s->transmit_slots,
			   TRANSMIT_LEAST, TRANSMIT_MOST);
	if (error) {
		return error;
	}
	virtq_hush(&s->transmit);
	s->net.unawaited_most = s->transmit.size - TRANSMIT_LEAST < UNAWAITED_MOST
					? s->transmit.size - TRANSMIT_LEAST
					: UNAWAITED_MOST;
	return 0;
}

/* Never fails: the receive queue has a descriptor for every buffer. */
static void
buffers_give(struct net_virtio *s)
{
	for (uint32_t i = 0; i < s->receive.size; i++) {
		struct virtq_buffer buffer = {{s->buffers_address.value + i * BUFFER_BYTES},
					      BUFFER_BYTES};

		(void)virtq_add(&s->receive, &buffer, 0, 1, 0);
	}
	virtq_notify(&s->receive);
}

static int
net_virtio_start(struct net_virtio *s, const struct device_resources *r)
{
	int error = virtio_open(&s->virtio, r, WANTED);

	if (!error) {
		error = mac_choose(s, r->irq);
	}
	if (!error) {
		error = memory_take(s);
	}
	if (!error) {
		error = queues_open(s);
	}
	if (!error) {
		error = net_orders_open(&s->orders, &s->virtio);
	}
	if (!error) {
		error = virtio_start(&s->virtio);
	}
	if (error) {
		return error;
	}
	buffers_give(s);
	return 0;
}

__attribute__((cold)) int
net_virtio_probe(const struct device_resources *r, void *state, struct device *found)
{
	struct net_virtio *s = state;

	s->net = (struct net){.ops = &net_virtio_ops};
	s->in_flight = 0;
	s->awaited = 0;
	int error = net_virtio_start(s, r);

	if (error) {
		found->why = s->virtio.why;
		return error;
	}
	found->net = &s->net;
	return 0;
}
