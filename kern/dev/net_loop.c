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

#define PIECE_BYTES    256 /* put together at once, */
#define BYTES_PER_WORK 128 /* for what a completion costs, */
#define WORK_BEHIND    3   /* then who receives it has a turn of its own */

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
	uint32_t segment;   /* of the first frame, which is being put together, */
	uint32_t offset;    /* and its byte that comes next */
	uint32_t bytes;     /* there are by now */
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

/* Puts the first frame together, as far as `budget` goes. True: it is whole. */
static bool
gather(struct net *n, uint32_t budget)
{
	while (loop.segment < loop.sent[loop.first].segments) {
		const struct net_segment *s = &loop.sent[loop.first].segment[loop.segment];
		const uint8_t *from = (const uint8_t *)arch_ram(s->address.value) + loop.offset;
		uint32_t piece = s->bytes - loop.offset;

		if (n->work >= budget) {
			return false;
		}
		piece = piece < PIECE_BYTES ? piece : PIECE_BYTES;
		memcpy(loop.frame + NET_FRAME_SKEW + loop.bytes, from, piece);
		n->work += piece < BYTES_PER_WORK ? 1 : piece / BYTES_PER_WORK;
		loop.bytes += piece;
		loop.offset += piece;
		if (loop.offset == s->bytes) {
			loop.segment++;
			loop.offset = 0;
		}
	}
	return true;
}

/* The first frame has come. */
static void
receive_first(struct net *n)
{
	uint32_t tag = loop.sent[loop.first].tag;
	uint32_t bytes = loop.bytes;

	loop.first = (loop.first + 1) % NET_TAGS_MAX;
	loop.count--;
	loop.segment = loop.bytes = 0;
	bitmap_clear(&loop.in_flight, tag);
	n->receive(n->context, loop.frame + NET_FRAME_SKEW, bytes);
	n->done(n->context, tag, 0);
}

static bool
net_loop_interrupt(struct net *n, uint32_t budget)
{
	uint32_t before = 0;

	n->work = 0;
	while (loop.count && n->work < budget && gather(n, budget) &&
	       n->work - before <= WORK_BEHIND) {
		n->work++;
		receive_first(n);
		before = n->work;
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
	loop.segment = loop.offset = loop.bytes = 0;
	loop.in_flight = 0;
	return &loop.net;
}
