/* SPDX-License-Identifier: MIT
 * rings.c: frames in and out through PACKET capabilities.
 *
 * In: packets are looked at where the kernel put them and given back afterwards. Out: the kernel
 * wants pieces of FRAME capabilities that stand still until it has sent them, so packets are put
 * together in one of NET_BUFFERS buffers of a FRAME of ours, and go out all at once at the end of
 * net_poll. That one has gone out is noticed when few are left, and wakes nobody before.
 * Invariant: a buffer is in free[], or with who took it, or waits for a neighbour, or its index is
 * the cookie of one request in the ring.
 */
#include <exo/errors.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/net/parts.h"
#include "lib/net/rings.h"

#define RECEIVE_PAGES 32 /* two packets each */
#define SHARED_PAGES  8
#define BUDGET        64
#define FEW_BUFFERS   (NET_BUFFERS / 2)

_Static_assert(NET_BUFFERS <= EXO_CQ_SIZE, "every buffer may complete before we look");

static void
put_back(struct net_rings *rings, uint64_t index)
{
	if (index < NET_BUFFERS && rings->free_count < NET_BUFFERS) {
		rings->free[rings->free_count++] = (uint8_t)index;
	}
}

/* Takes the buffers of sent packets back, many at once: it is called when there are few. 1, 0 or an
 * error as net_poll. Apart, as what else is rare, so that the rest needs few registers. */
static __attribute__((noinline)) int
reap(struct net *net)
{
	struct exo_queue *queue = &net->rings.nets[0].transmit;
	uint32_t count = exo_queue_completed(queue);

	if (!count) {
		return queue->page->error ? E_STATE : 0;
	}
	for (uint32_t n = 0; n < count; n++) {
		const struct exo_completion *done = exo_queue_completion(queue, n);

		net->counts.refused += done->result == E_DENIED;
		put_back(&net->rings, done->cookie);
	}
	exo_queue_complete(queue, count);
	return 1;
}

void
net_rings_look(struct net *net)
{
	(void)reap(net);
}

/* There is one. */
static uint8_t *
pop(struct net_rings *rings)
{
	size_t index = rings->free[--rings->free_count];

	return (uint8_t *)rings->arena.memory + index * EXO_PACKET_BYTES + EXO_PACKET_SKEW;
}

static __attribute__((noinline)) uint8_t *
take_late(struct net *net)
{
	(void)reap(net);
	return net->rings.free_count ? pop(&net->rings) : NULL;
}

static uint8_t *
take(struct net *net)
{
	struct net_rings *rings = &net->rings;

	return rings->free_count ? pop(rings) : take_late(net);
}

/* Where in the arena a frame is. */
static uint64_t
offset_of(const struct net_rings *rings, const uint8_t *frame)
{
	return (uint64_t)(frame - (const uint8_t *)rings->arena.memory);
}

static void
give(struct net *net, uint8_t *frame)
{
	put_back(&net->rings, offset_of(&net->rings, frame) / EXO_PACKET_BYTES);
}

static void
put(struct net *net, union exo_request *entry, const uint8_t *frame, size_t bytes)
{
	struct net_rings *rings = &net->rings;
	uint64_t offset = offset_of(rings, frame);

	entry->packet.cookie = offset / EXO_PACKET_BYTES;
	entry->packet.segments = 1;
	entry->packet.segment[0].frames = rings->arena.frames;
	entry->packet.segment[0].where = EXO_SEGMENT(offset, bytes);
	exo_queue_push(&rings->nets[0].transmit);
}

/* The ring has room for half of the buffers until they are handed to the kernel. */
static __attribute__((noinline)) void
send_late(struct net *net, uint8_t *frame, size_t bytes)
{
	net_flush(net);
	union exo_request *entry = exo_queue_next(&net->rings.nets[0].transmit);
	if (entry) {
		put(net, entry, frame, bytes);
	} else {
		net->counts.no_buffer++;
		give(net, frame);
	}
}

static void
send(struct net *net, uint8_t *frame, size_t bytes)
{
	union exo_request *entry = exo_queue_next(&net->rings.nets[0].transmit);

	if (entry) {
		put(net, entry, frame, bytes);
	} else {
		send_late(net, frame, bytes);
	}
}

const struct net_carrier net_rings_carrier = {.take = take, .give = give, .send = send};

/* What the device had no room for goes too. */
void
net_flush(struct net *net)
{
	(void)exo_queue_submit(&net->rings.nets[0].transmit);
}

int
net_rings_open(struct net *net, uint32_t bit)
{
	const struct exo_start *start = exo_start();
	struct net_rings *rings = &net->rings;
	int result = start->packet_count ? 0 : E_NOENT;

	rings->bit = bit;
	rings->timebase_hz = start->timebase_hz;
	rings->end = rings->nets;
	for (uint32_t i = 0; !result && i < start->packet_count; i++) {
		struct exo_net *one = rings->end;
		result = i ? exo_net_open_receive(one, start->packets[i], SHARED_PAGES, bit)
			   : exo_net_open(one, start->packets[i], RECEIVE_PAGES, bit, NET_SENT_BIT);
		rings->end += !result;
	}
	result = result ? result
			: exo_pages_make(&rings->arena,
					 NET_BUFFERS * EXO_PACKET_BYTES / EXO_PAGE_SIZE);
	for (uint32_t i = 0; !result && i < NET_BUFFERS; i++) {
		rings->free[rings->free_count++] = (uint8_t)i;
	}
	return result;
}

/* At most BUDGET packets of one ring, those that have come by now: others leave an event behind. 1,
 * 0 or an error as net_poll. */
static int
receive(struct net *net, struct exo_net *one)
{
	int come = exo_net_come(one);
	int left = come;

	if (come > BUDGET) {
		net->rings.has_more = true;
		left = BUDGET;
	}
	for (; left > 0; left--) {
		const uint8_t *frame;
		uint32_t bytes = exo_net_oldest(one, &frame);

		if (bytes <= EXO_PACKET_MAX) {
			net_input(net, frame, bytes);
		}
		exo_net_release(one);
	}
	return come < 0 ? come : come > 0;
}

/* net_poll, but what was sent is still to go out. */
static int
poll(struct net *net)
{
	struct net_rings *rings = &net->rings;
	int any = rings->free_count < FEW_BUFFERS ? reap(net) : 0;

	net->now_ns = exo_clock_of_ticks(exo_ticks(), rings->timebase_hz);
	rings->has_more = false;
	for (struct exo_net *one = rings->nets; any >= 0 && one < rings->end; one++) {
		int result = receive(net, one);
		any = result < 0 ? result : any | result;
	}
	if (net->now_ns >= net_deadline(net)) {
		net_tick(net);
	}
	return any;
}

int
net_poll(struct net *net)
{
	int result = poll(net);

	net_flush(net);
	return result;
}

exo_handle
net_ring(const struct net *net)
{
	return net->rings.nets[0].receive.ring;
}

/* With that of what has gone out when few buffers are left. */
static uint64_t
events_of(const struct net_rings *rings)
{
	uint64_t sent = rings->free_count < FEW_BUFFERS ? EXO_EVENT(NET_SENT_BIT) : 0;

	return EXO_EVENT(rings->bit) | sent;
}

/* That of what has gone out also when the NIC had no room: it raises that event when it has. */
uint64_t
net_events(const struct net *net)
{
	const struct net_rings *rings = &net->rings;
	bool waits = exo_queue_has_more(&rings->nets[0].transmit);

	return events_of(rings) | (waits ? EXO_EVENT(NET_SENT_BIT) : 0);
}

uint64_t
net_timeout_ns(struct net *net)
{
	uint64_t deadline = net_deadline(net);

	if (net->rings.has_more) {
		return 0;
	}
	if (deadline == UINT64_MAX) {
		return EXO_FOREVER;
	}
	uint64_t now_ns = exo_clock_of_ticks(exo_ticks(), net->rings.timebase_hz);
	return deadline > now_ns ? deadline - now_ns : 0;
}

static __attribute__((noinline)) void
find_deadline_ticks(struct net_rings *rings, uint64_t deadline_ns)
{
	rings->deadline_ns = deadline_ns;
	rings->deadline_ticks = exo_deadline_after(1, deadline_ns, rings->timebase_hz);
}

/* When the `time` counter has passed net_deadline, which rarely changes between two packets. */
static uint64_t
deadline_ticks(struct net *net)
{
	struct net_rings *rings = &net->rings;
	uint64_t deadline_ns = net_deadline(net);

	if (deadline_ns != rings->deadline_ns) {
		find_deadline_ticks(rings, deadline_ns);
	}
	return rings->deadline_ticks;
}

/* The first of when `timeout_ns` have passed and of `until`. */
static __attribute__((noinline)) uint64_t
sooner(const struct net_rings *rings, uint64_t timeout_ns, uint64_t until)
{
	uint64_t end = exo_deadline_after(exo_ticks(), timeout_ns, rings->timebase_hz);

	return end < until ? end : until;
}

/* Sleeps until there is something to do. What is to be sent goes out by the same call. */
static void
rest(const struct net *net, uint64_t until)
{
	const struct exo_queue *transmit = &net->rings.nets[0].transmit;

	if (!exo_queue_has_more(transmit) ||
	    exo_submit_wait(transmit->ring, events_of(&net->rings), until) <= 0) {
		exo_wait_until(net_events(net), until);
	}
}

/* Sleeping comes first: whatever came since the last net_poll has left an event behind. */
int
net_wait(struct net *net, uint64_t timeout_ns)
{
	if (net->rings.has_more) {
		net_flush(net);
	} else {
		uint64_t until = deadline_ticks(net);

		if (timeout_ns != EXO_FOREVER) {
			until = sooner(&net->rings, timeout_ns, until);
		}
		rest(net, until);
	}
	int result = poll(net);
	return result < 0 ? result : 0;
}
