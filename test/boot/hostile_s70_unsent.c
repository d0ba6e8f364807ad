/* SPDX-License-Identifier: MIT
 * hostile_s70_unsent.c: S70: somebody gives back a page that a disk still fills for him. The next
 * one who has it sends of it, and sleeps: it is told that the page is in use, and not left with a
 * packet that nobody would tell it of.
 *
 * boot: init SMP=1 DISK=4M ICOUNT=1
 */
#include "lib/exo/disk.h"
#include "test/boot/packets.h"

#define DISK     9 /* event bits */
#define OWN      10
#define TYPE     0x88b5
#define BYTES    60
#define AHEAD    24 /* transfers that the disk has to do first */
#define PATIENCE (10 * EXO_NS_PER_S)

static struct exo_queue own;
static struct exo_pages memory;
static struct exo_disk disk;

/* A page that is still being filled for another, as its next holder has it. */
static int64_t
take_used_page(void)
{
	struct exo_frames *pool = exo_own_frames();
	struct exo_cap_info info = {0};
	exo_handle page;
	int64_t result = exo_frames_carve(pool, 1, 1, &page);

	result = result ? result : exo_inspect(page, 0, &info);
	for (uint32_t i = 0; i < AHEAD && result == 0; i++) {
		result = exo_disk_read(&disk, 0, memory.frames, 0, EXO_DISK_BLOCKS_MAX, 0);
	}
	result = result ? result : exo_disk_read(&disk, 0, page, 0, 1, 0);
	result = result ? result : exo_drop(page, 0, 0);
	return result ? result
		      : exo_carve(pool->pool, free_slot(), info.start, 1, EXO_READ | EXO_WRITE, 0);
}

static int64_t
disk_ended(void)
{
	struct exo_completion done;
	uint32_t n = 0;

	while (n <= AHEAD && exo_disk_wait(&disk, &done, PATIENCE) == 1 && !done.result) {
		n++;
	}
	return n == AHEAD + 1;
}

/* The result of a packet, or an error of the wait. */
static int64_t
send(exo_handle page)
{
	struct exo_completion done = {0};
	const union exo_request q = {
		.packet = {.segments = 1, .segment = {{page, EXO_SEGMENT(0, BYTES)}}}};
	int64_t result;

	exo_queue_put(&own, &q);
	result = exo_queue_wait(&own, &done, PATIENCE);
	return result == 1 ? done.result : result;
}

int
main(void)
{
	int64_t packets = packets_carve_loop(TYPE, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
	int64_t page;

	tap_plan(8);
	tap_is(exo_pages_make(&memory, EXO_DISK_BLOCKS_MAX), 0, "memory");
	tap_is(exo_disk_open(&disk, exo_start()->blocks[0], DISK), 0, "a disk");
	tap_is(exo_queue_open(&own, EXO_RING_TRANSMIT, OWN), 0, "a ring");
	tap_is(exo_bind(EXO_BIND_PACKET, own.ring, (exo_handle)packets, 0), 0, "of the loop");
	page = take_used_page();
	tap_ok(page > 0, "the next one has a page that the disk fills: %d", (int)page);
	tap_is(send((exo_handle)page), E_BUSY, "who sends of it is told that it is in use");
	tap_ok(disk_ended(), "the disk does not use it any more");
	tap_is(send((exo_handle)page), 0, "and it can be sent of");
	return tap_end();
}
