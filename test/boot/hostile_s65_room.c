/* SPDX-License-Identifier: MIT
 * hostile_s65_room.c: S65: a NIC or a disk is full of what somebody has submitted by many rings,
 * all of which ask for room and do not take it when they are told. Whoever asked behind them, and
 * sleeps, is told as well, and served.
 *
 * boot: init SMP=1 DISK=4M
 */
#include "lib/exo/disk.h"
#include "test/boot/full.h"
#include "test/boot/packets.h"

#define RINGS    70 /* more than a device has under way */
#define ROUNDS   3
#define OTHERS   9 /* event bits */
#define OWN      10
#define BYTES    60
#define PAGES    EXO_DISK_BLOCKS_MAX
#define PATIENCE (10 * EXO_NS_PER_S)

static struct exo_queue ring[RINGS];
static struct exo_queue *rings[RINGS];
static struct exo_queue own;
static struct exo_pages memory;

/* For packets `packets` is what they leave by. */
static int64_t
open_rings(enum exo_ring_kind kind, exo_handle packets)
{
	int64_t result = 0;

	for (uint32_t i = 0; i <= RINGS && result == 0; i++) {
		struct exo_queue *q = i == RINGS ? &own : &ring[i];

		result = exo_queue_open(q, kind, i == RINGS ? OWN : OTHERS);
		if (result == 0 && packets) {
			result = exo_bind(EXO_BIND_PACKET, q->ring, packets, 0);
		}
	}
	return result;
}

static int64_t
close_rings(void)
{
	int64_t result = exo_queue_close(&own);

	for (uint32_t i = 0; i < RINGS && result == 0; i++) {
		result = exo_queue_close(&ring[i]);
	}
	return result;
}

/* 1: it found no room, was told, and is done; 0: there was room; an error. */
static int64_t
ask_when_full(const union exo_request *q)
{
	struct exo_completion done = {0};
	bool found_no_room;
	int64_t result;

	full_fill(rings, RINGS, q);
	exo_queue_put(&own, q);
	exo_queue_submit(&own);
	found_no_room = exo_queue_has_more(&own);
	result = exo_queue_wait(&own, &done, PATIENCE);
	return result < 0 ? result : done.result < 0 ? done.result : found_no_room;
}

static void
check(const char *device, enum exo_ring_kind kind, exo_handle packets, const union exo_request *q)
{
	int64_t result = open_rings(kind, packets);
	int64_t found = 0;

	tap_ok(result == 0, "%s: rings: %ld", device, (long)result);
	for (uint32_t i = 0; i < ROUNDS && result >= 0; i++) {
		result = ask_when_full(q);
		found += result;
		full_empty(rings, RINGS, EXO_EVENT(OTHERS) | EXO_EVENT(OWN));
	}
	tap_ok(result >= 0, "%s: who sleeps is served in the end: %ld", device, (long)result);
	tap_ok(found > 0, "%s: %ld of %u times there was no room", device, (long)found, ROUNDS);
	tap_ok(close_rings() == 0, "%s: the rings end", device);
}

int
main(void)
{
	union exo_request q = {.packet = {.segments = 1}};
	int64_t packets = packets_carve_loop(0x9000, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);

	for (uint32_t i = 0; i < RINGS; i++) {
		rings[i] = &ring[i];
	}
	tap_plan(1 + 2 * 4);
	tap_is(exo_pages_make(&memory, PAGES), 0, "memory");
	packets_build(memory.memory, 0x88b5, 1, 0, BYTES);
	q.packet.segment[0] = (struct exo_segment){memory.frames, EXO_SEGMENT(0, BYTES)};
	check("the loop", EXO_RING_TRANSMIT, (exo_handle)packets, &q);
	q.disk = (struct exo_disk_request){.op = EXO_DISK_READ,
					   .count = PAGES,
					   .blocks = exo_start()->blocks[0],
					   .frames = memory.frames};
	check("the disk", EXO_RING_DISK, EXO_NONE, &q);
	return tap_end();
}
