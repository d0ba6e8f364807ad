/* SPDX-License-Identifier: MIT
 * net_loop.c: a NIC in software: what is sent on it is received on it.
 *
 * A frame stays where its sender has it until its turn comes, so that there is no more to be sent
 * than there are tags, and no frame finds the wire full; in its turn it is put together in one
 * buffer, handed out and reported. Who receives it may send again: that has another turn.
 *
 * State:      the one NIC, below.
 * Invariants: sent[0 .. count) from `first` on, around, are the frames that done() is owed for, in
 *             the order in which they were sent; bit t of in_flight is set iff tag t is one of
 * them. wants_turn while there are some. Callers:    the NIC's user, with the NIC's lock held,
 * interrupts off.
 */
#include "kern/dev/net_loop.h"

#include <exo/errors.h>

#include "lib/base/bitmap.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define BYTES_PER_WORK 512 /* put together for what a completion costs */

static struct {
	struct net net;
	struct {
		struct net_segment segment[NET_SEGMENTS_MAX];
		uint32_t segments;
		uint32_t tag;
	} sent[NET_TAGS_MAX];
	uint32_t first;
	uint32_t count;
	uint64_t in_flight; /* a bit per tag */
	/* whole words, for whoever reads the frame by words */
	_Alignas(8) uint8_t frame[(NET_FRAME_SKEW + NET_FRAME_MAX + 7) / 8 * 8];
} loop;

_Static_assert(NET_TAGS_MAX <= 64, "in_flight");

/* How long a frame is; 0: it is none. */
static uint32_t
frame_bytes(const struct net_segment *segments, uint32_t count)
{
	uint32_t bytes = 0;

	if (!count || count > NET_SEGMENTS_MAX) {
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!segments[i].bytes || segments[i].bytes > NET_FRAME_MAX - bytes) {
			return 0;
		}
		bytes += segments[i].bytes;
	}
	return bytes < NET_FRAME_MIN ? 0 : bytes;
}

static int
net_loop_transmit(struct net *n, const struct net_segment *segments, uint32_t count, uint32_t tag,
		  bool is_awaited)
{
	uint32_t last = (loop.first + loop.count) % NET_TAGS_MAX;

	(void)is_awaited; /* all are */
	if (tag >= NET_TAGS_MAX || !frame_bytes(segments, count)) {
		return E_RANGE;
	}
	if (bitmap_get(&loop.in_flight, tag)) {
		return E_BUSY;
	}
	bitmap_set(&loop.in_flight, tag);
	memcpy(loop.sent[last].segment, segments, count * sizeof(*segments));
	loop.sent[last].segments = count;
	loop.sent[last].tag = tag;
	loop.count++;
	n->wants_turn = true;
	return 0;
}

static int
net_loop_set_filter(struct net *n, bool all, const uint8_t (*addresses)[6], uint32_t count)
{
	(void)n;
	(void)all;
	(void)addresses;
	(void)count;
	return E_UNSUPPORTED;
}

/* Puts the first frame together; returns its length. */
static uint32_t
gather(void)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < loop.sent[loop.first].segments; i++) {
		const struct net_segment *s = &loop.sent[loop.first].segment[i];

		memcpy(loop.frame + NET_FRAME_SKEW + bytes, arch_ram(s->address.value), s->bytes);
		bytes += s->bytes;
	}
	return bytes;
}

static bool
net_loop_interrupt(struct net *n, uint32_t budget)
{
	n->work = 0;
	while (loop.count && n->work < budget) {
		uint32_t tag = loop.sent[loop.first].tag;
		uint32_t bytes = gather();

		loop.first = (loop.first + 1) % NET_TAGS_MAX;
		loop.count--;
		bitmap_clear(&loop.in_flight, tag);
		n->work += 1 + bytes / BYTES_PER_WORK;
		n->receive(n->context, loop.frame + NET_FRAME_SKEW, bytes);
		n->done(n->context, tag, 0);
	}
	n->wants_turn = loop.count;
	return loop.count;
}

static const struct net_ops net_loop_ops = {
	.name = "loop",
	.transmit = net_loop_transmit,
	.set_filter = net_loop_set_filter,
	.interrupt = net_loop_interrupt,
};

struct net *
net_loop_open(void)
{
	/* as net_virtio.c chooses one, for a line that there is not */
	static const uint8_t mac[6] = {2, 'C', 'h', 'i', 0, 0};

	loop.net = (struct net){.ops = &net_loop_ops};
	memcpy(loop.net.mac, mac, sizeof(mac));
	loop.first = 0;
	loop.count = 0;
	loop.in_flight = 0;
	return &loop.net;
}
