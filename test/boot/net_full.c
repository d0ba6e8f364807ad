/* SPDX-License-Identifier: MIT
 * net_full.c: others have filled a NIC. What a program sends then by the network library leaves as
 * soon as there is room, while the program sleeps in net_wait, though nothing comes for it.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "lib/net/parts.h"
#include "test/boot/full.h"
#include "test/boot/packets.h"

#define RINGS    4
#define ROUNDS   5
#define WAITS    3 /* told, sent, and one for nothing */
#define OTHERS   9 /* event bits */
#define NET      10
#define TYPE     0x88b5
#define BYTES    60
#define ADDRESS  0x0a000001
#define MASK     0xffffff00
#define PATIENCE (10 * EXO_NS_PER_S)

static struct exo_queue ring[RINGS];
static struct exo_queue *rings[RINGS];
static struct exo_pages memory;
static struct net net;

static int
open_net(exo_handle packets)
{
	const struct net_settings settings = {
		.mac = {2, 0, 0, 0, 0, 1}, .address = ADDRESS, .mask = MASK, .random = 1};
	struct exo_start *start = (struct exo_start *)exo_start();
	int result;

	start->packets[0] = packets;
	start->packet_count = 1;
	result = net_rings_open(&net, NET);
	net_start(&net, &settings, &net_rings_carrier, exo_now_ns());
	net_tick(&net);
	while (!result && !net.address) {
		result = net_wait(&net, EXO_FOREVER);
	}
	return result;
}

/* 1: it found no room, and the packet has left by itself; 0: there was room; an error. */
static int
send_when_full(const union exo_request *q)
{
	const struct net_path path = {IP_BROADCAST, 9, 9};
	const struct exo_queue *transmit = &net.rings.nets[0].transmit;
	int result;

	while (exo_wait(EXO_EVENT(NET_SENT_BIT) | EXO_EVENT(NET), 0)) {
	}
	full_fill(rings, RINGS, q);
	result = net_udp_send(&net, &path, "now", 4);
	net_flush(&net);
	if (result || !exo_queue_has_more(transmit)) {
		return result;
	}
	for (uint32_t i = 0; i < WAITS && !result && exo_queue_has_more(transmit); i++) {
		uint64_t begin = exo_now_ns();

		result = net_wait(&net, PATIENCE);
		if (exo_now_ns() - begin >= PATIENCE) {
			break;
		}
	}
	return result ? result : exo_queue_has_more(transmit) ? E_TIMEOUT : 1;
}

static void
check_full(const union exo_request *q)
{
	int64_t packets = packets_carve_loop(0x9001, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
	int64_t result = packets < 0 ? packets : open_net((exo_handle)packets);
	int64_t found = 0;

	tap_is(result, 0, "somebody has a network");
	for (uint32_t i = 0; i < ROUNDS && result >= 0; i++) {
		result = send_when_full(q);
		found += result == 1;
		full_empty(rings, RINGS, EXO_EVENT(OTHERS));
	}
	tap_ok(result >= 0, "what found no room leaves when there is some: %d", (int)result);
	tap_ok(found > 0, "%d of %d times there was none", (int)found, ROUNDS);
}

static int64_t
open_rings(exo_handle packets)
{
	int64_t result = 0;

	for (uint32_t i = 0; i < RINGS && result == 0; i++) {
		rings[i] = &ring[i];
		result = exo_queue_open(&ring[i], EXO_RING_TRANSMIT, OTHERS);
		result = result ? result : exo_bind(EXO_BIND_PACKET, ring[i].ring, packets, 0);
	}
	return result;
}

int
main(void)
{
	union exo_request q = {.packet = {.segments = 1}};
	int64_t packets = packets_carve_loop(0x9000, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);

	tap_plan(5);
	tap_is(exo_pages_make(&memory, 1), 0, "memory");
	tap_is(open_rings((exo_handle)packets), 0, "rings");
	packets_build(memory.memory, TYPE, 1, 0, BYTES);
	q.packet.segment[0] = (struct exo_segment){memory.frames, EXO_SEGMENT(0, BYTES)};
	check_full(&q);
	return tap_end();
}
