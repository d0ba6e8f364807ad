/* SPDX-License-Identifier: MIT
 * rings.c: frames in and out through PACKET capabilities.
 *
 * In: packets are looked at where the kernel put them and given back afterwards. Out: the kernel
 * wants pieces of FRAME capabilities that stand still until it has sent them, so packets are put
 * together in one of NET_BUFFERS buffers of a FRAME of ours, and go out all at once at the end of
 * net_poll.
 * Invariant: a buffer is in free[], or with who took it, or waits for a neighbour, or its index is
 * the cookie of one request in the ring.
 */
#include <exo/errors.h>

#include "lib/exo/events.h"
#include "lib/net/parts.h"
#include "lib/net/rings.h"

#define RECEIVE_PAGES 32 /* two packets each */
#define SHARED_PAGES  8
#define BUDGET        64

_Static_assert(NET_BUFFERS <= EXO_CQ_SIZE, "every buffer may complete before we look");

static uint8_t *
take(struct net *net)
{
	struct net_rings *rings = &net->rings;

	if (!rings->free_count) {
		return NULL;
	}
	uint32_t index = rings->free[--rings->free_count];
	return (uint8_t *)rings->arena.memory + (size_t)index * EXO_PACKET_BYTES;
}

static uint32_t
index_of(const struct net_rings *rings, const uint8_t *frame)
{
	return (uint32_t)((size_t)(frame - (const uint8_t *)rings->arena.memory) /
			  EXO_PACKET_BYTES);
}

static void
put_back(struct net_rings *rings, uint64_t index)
{
	if (index < NET_BUFFERS && rings->free_count < NET_BUFFERS) {
		rings->free[rings->free_count++] = (uint8_t)index;
	}
}

static void
give(struct net *net, uint8_t *frame)
{
	put_back(&net->rings, index_of(&net->rings, frame));
}

/* The ring has room for half of the buffers until they are handed to the kernel. */
static void
send(struct net *net, uint8_t *frame, size_t bytes)
{
	struct net_rings *rings = &net->rings;
	uint32_t index = index_of(rings, frame);
	union exo_request request = {.packet = {.cookie = index, .segments = 1}};

	request.packet.segment[0].frames = rings->arena.frames;
	request.packet.segment[0].where = EXO_SEGMENT((uint64_t)index * EXO_PACKET_BYTES, bytes);
	int result = exo_queue_put(&rings->nets[0].transmit, &request);
	if (result == E_BUSY) {
		net_flush(net);
		result = exo_queue_put(&rings->nets[0].transmit, &request);
	}
	if (result) {
		net->counts.no_buffer++;
		put_back(rings, index);
	} else {
		rings->queued++;
	}
}

const struct net_carrier net_rings_carrier = {.take = take, .give = give, .send = send};

void
net_flush(struct net *net)
{
	if (net->rings.queued) {
		net->rings.queued = 0;
		(void)exo_queue_submit(&net->rings.nets[0].transmit);
	}
}

int
net_rings_open(struct net *net, uint32_t bit)
{
	const struct exo_start *start = exo_start();
	struct net_rings *rings = &net->rings;
	int result = start->packet_count ? 0 : E_NOENT;

	rings->bit = bit;
	for (uint32_t i = 0; !result && i < start->packet_count; i++) {
		struct exo_net *one = &rings->nets[i];
		result = i ? exo_net_open_receive(one, start->packets[i], SHARED_PAGES, bit)
			   : exo_net_open(one, start->packets[i], RECEIVE_PAGES, bit, bit);
		rings->net_count += !result;
	}
	result = result ? result
			: exo_pages_make(&rings->arena,
					 NET_BUFFERS * EXO_PACKET_BYTES / EXO_PAGE_SIZE);
	for (uint32_t i = 0; !result && i < NET_BUFFERS; i++) {
		rings->free[rings->free_count++] = (uint8_t)i;
	}
	return result;
}

/* Takes the buffers of sent packets back. 1, 0 or an error as net_poll. */
static int
reap(struct net *net)
{
	struct exo_completion done;
	int result;
	int any = 0;

	while ((result = exo_net_sent(&net->rings.nets[0], &done)) == 1) {
		any = 1;
		net->counts.refused += done.result == E_DENIED;
		put_back(&net->rings, done.cookie);
	}
	return result < 0 ? result : any;
}

/* At most BUDGET packets of one ring. 1, 0 or an error as net_poll. */
static int
receive(struct net *net, struct exo_net *one)
{
	const uint8_t *frame;
	int bytes = 1;
	int any = 0;

	for (int n = 0; n < BUDGET && (bytes = exo_net_receive(one, &frame)) > 0; n++) {
		any = 1;
		if (bytes <= EXO_PACKET_BYTES) {
			net_input(net, frame, (size_t)bytes);
		}
		exo_net_release(one);
	}
	return bytes < 0 ? bytes : any;
}

int
net_poll(struct net *net)
{
	int any = reap(net);

	net->now_ns = exo_now_ns();
	for (uint32_t i = 0; any >= 0 && i < net->rings.net_count; i++) {
		int result = receive(net, &net->rings.nets[i]);
		any = result < 0 ? result : any | result;
	}
	if (net->now_ns >= net_deadline(net)) {
		net_tick(net);
	}
	net_flush(net);
	return any;
}

uint64_t
net_timeout_ns(const struct net *net)
{
	uint64_t deadline = net_deadline(net);
	uint64_t now_ns = exo_now_ns();

	return deadline == UINT64_MAX ? EXO_FOREVER : deadline > now_ns ? deadline - now_ns : 0;
}

static int
poll_all(struct net *net)
{
	int result;

	do {
		result = net_poll(net);
	} while (result > 0);
	return result;
}

int
net_wait(struct net *net, uint64_t timeout_ns)
{
	int result = poll_all(net);
	uint64_t own_ns = net_timeout_ns(net);

	if (!result) {
		exo_wait(EXO_EVENT(net->rings.bit), own_ns < timeout_ns ? own_ns : timeout_ns);
		result = poll_all(net);
	}
	return result;
}
