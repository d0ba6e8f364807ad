/* SPDX-License-Identifier: MIT
 * hostile_s34_rings.c: S34: descriptors and indices that lie, and rings, pages, blocks and their
 * owner taken away while the disk works.
 *
 * boot: init SMP=2 DISK=1M NET=user
 */
#include "test/boot/hostile.h"

#define BLOCKS           4
#define BIT              9

#define BUFFER_PAGES_MAX (EXO_BUFFERS_MAX * EXO_PACKET_BYTES / EXO_PAGE_SIZE)

static struct {
	exo_handle handle, memory;
	volatile struct exo_ring *shared;
	uint32_t done;
} ring;
static struct exo_pages page;
static exo_handle blocks, readable;

static void
ring_make(uint32_t kind)
{
	uint64_t address = 0;

	memset(&ring, 0, sizeof(ring));
	exo_frames_create(exo_own_frames(), EXO_CAP_RING, kind, BIT, &ring.handle, &ring.memory);
	exo_vm_map(exo_own_vm(), ring.handle, 0, 1, EXO_READ | EXO_WRITE, &address);
	ring.shared = (struct exo_ring *)address;
}

static void
ring_end(void)
{
	exo_vm_unmap(exo_own_vm(), (uint64_t)ring.shared, 1);
	exo_frames_destroy(exo_own_frames(), ring.handle, ring.memory);
}

/* The result of one request; 1 if it was not taken, 2 if it never ends. */
static int64_t
submit(const union exo_request *q)
{
	int64_t result;

	ring.shared->sq[ring.shared->sq_tail % EXO_SQ_SIZE] = *q;
	ring.shared->sq_tail++;
	result = exo_submit(ring.handle);
	if (result <= 0) {
		return result < 0 ? result : 1;
	}
	for (int i = 0; ring.shared->cq_tail == ring.done && i < 1000; i++) {
		exo_wait(EXO_EVENT(BIT), 10000000);
	}
	if (ring.shared->cq_tail == ring.done) {
		return 2;
	}
	result = ring.shared->cq[ring.done % EXO_CQ_SIZE].result;
	ring.shared->cq_head = ++ring.done;
	return result;
}

static int64_t
disk(uint32_t op, exo_handle from, uint64_t block, exo_handle to, uint64_t first, uint32_t count)
{
	union exo_request q = {.disk = {.op = op,
					.count = count,
					.blocks = from,
					.block = block,
					.frames = to,
					.page = first}};

	return submit(&q);
}

static int64_t
packet(exo_handle from, uint64_t offset, uint64_t bytes, exo_handle then, uint64_t then_bytes)
{
	union exo_request q = {.packet = {.segments = then ? 2 : 1,
					  .segment = {{from, EXO_SEGMENT(offset, bytes)},
						      {then, EXO_SEGMENT(0, then_bytes)}}}};

	return submit(&q);
}

static void
check_disk(void)
{
	exo_handle stale = (exo_handle)exo_share(blocks, free_slot(), 0, 1, EXO_READ, 0);

	exo_drop(stale, 0, 0);
	ring_make(EXO_RING_DISK);
	tap_is(disk(EXO_DISK_READ, blocks, BLOCKS - 1, page.frames, 0, 1), 0,
	       "the last block is read");
	tap_is(disk(EXO_DISK_READ, blocks, BLOCKS, page.frames, 0, 1), E_RANGE,
	       "the next is another's");
	tap_is(disk(EXO_DISK_READ, blocks, BLOCKS - 1, page.frames, 0, 2), E_RANGE,
	       "not even as the second of two");
	tap_is(disk(EXO_DISK_READ, blocks, ~0ul, page.frames, 0, 1), E_RANGE, "nor by wrapping");
	tap_is(disk(EXO_DISK_READ, blocks, 0, page.frames, 1, 2), E_RANGE,
	       "nor pages behind the capability");
	tap_is(disk(EXO_DISK_READ, blocks, 0, page.frames, ~0ul, 1), E_RANGE, "nor before it");
	tap_is(disk(EXO_DISK_READ, blocks, 0, page.frames, 0, ~0u), E_RANGE,
	       "nor four thousand million");
	tap_is(disk(EXO_DISK_READ, blocks, 0, page.frames, 0, 0), E_RANGE, "nor none");
	tap_is(disk(EXO_DISK_READ, blocks, 0, readable, 0, 1), E_RIGHTS,
	       "a disk read needs pages to write");
	tap_is(disk(EXO_DISK_WRITE, blocks, 0, page.frames, 0, 1), E_RIGHTS,
	       "blocks to read are not written");
	tap_is(disk(EXO_DISK_FLUSH, blocks, 0, page.frames, 0, 1), E_RIGHTS, "nor flushed");
	tap_is(disk(EXO_DISK_READ, page.frames, 0, page.frames, 0, 1), E_TYPE,
	       "pages are no blocks");
	tap_is(disk(EXO_DISK_READ, blocks, 0, blocks, 0, 1), E_TYPE, "blocks are no pages");
	tap_is(disk(EXO_DISK_READ, stale, 0, page.frames, 0, 1), E_HANDLE,
	       "a stale handle names nothing");
	tap_is(disk(EXO_DISK_READ, exo_own_frames()->pool, 0, page.frames, 0, 1), E_TYPE,
	       "a pool is no block");
	tap_is(disk(EXO_DISK_READ, blocks, 0, exo_own_frames()->pool, 0, 1), E_POOL,
	       "what is carved is not read to");
	tap_is(disk(EXO_DISK_READ, blocks, 0, ring.memory, 1, 1), E_POOL, "nor a ring's own pages");
	tap_is(disk(0, blocks, 0, page.frames, 0, 1), E_INVAL, "there is no operation 0");
	tap_is(disk(~0u, blocks, 0, page.frames, 0, 1), E_INVAL, "nor a last one");
	tap_is((int64_t) * (uint64_t *)page.memory, BLOCKS - 1, "nothing else was read");
	ring_end();
}

static void
check_indices(void)
{
	static const uint32_t tails[] = {EXO_SQ_SIZE + 1, 0x7fffffff, 0x80000000, ~0u};

	for (uint32_t i = 0; i < ARRAY_SIZE(tails); i++) {
		ring_make(EXO_RING_DISK);
		ring.shared->sq_tail = tails[i];
		tap_is(exo_submit(ring.handle), E_STATE, "a tail out of range stops the ring");
		ring.shared->sq_tail = ring.shared->sq_head;
		ring.shared->error = 0;
		tap_is(exo_submit(ring.handle), E_STATE, "for good");
		ring_end();
	}
	ring_make(EXO_RING_DISK);
	ring.shared->cq_head = 77;
	ring.shared->sq_tail = 1;
	tap_ok(exo_submit(ring.handle) <= 0, "so does a head out of range");
	tap_is(exo_submit(ring.handle), E_STATE, "for good");
	ring_end();
	ring_make(EXO_RING_RECEIVE);
	ring.shared->sq_tail = 1;
	tap_is(exo_submit(ring.handle), E_STATE, "a receive ring takes nothing");
	ring_end();
	ring_make(EXO_RING_TRANSMIT);
	tap_is(packet(page.frames, 0, 60, 0, 0), E_STATE,
	       "a ring without a packet capability sends nothing");
	ring_end();
}

static void
check_packets(void)
{
	static struct exo_filter own = {
		.transmit_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 4, 0, 0, 6, 0, 0xffffffff, 0x52540012}}};
	exo_handle card = (exo_handle)exo_share(exo_boot()->packets[0], free_slot(), (uint64_t)&own,
						0, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
	static const uint8_t own_source[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	uint8_t *bytes = page.memory;

	memset(bytes, 0, EXO_PAGE_SIZE);
	ring_make(EXO_RING_TRANSMIT);
	tap_is(exo_bind(EXO_BIND_PACKET, ring.handle, card, 0), 0,
	       "a card that may send as 52:54:00:12:..");
	tap_is(exo_bind(EXO_BIND_PACKET, ring.handle, card, 0), E_BUSY, "is bound once");
	tap_is(packet(page.frames, 0, 60, 0, 0), E_DENIED, "another source is refused");
	memcpy(bytes + 6, own_source, sizeof(own_source));
	tap_is(packet(page.frames, 0, 60, 0, 0), 0, "its own is sent");
	tap_is(packet(page.frames, 0, 8, page.frames, 60), E_RANGE,
	       "a head in two pieces is refused");
	tap_is(packet(page.frames, 0, 13, 0, 0), E_RANGE, "a packet of 13 bytes is");
	tap_is(packet(page.frames, 0, 1515, 0, 0), E_RANGE, "one of 1515 is");
	tap_is(packet(page.frames, 0, 1000, page.frames, 600), E_RANGE, "in pieces as well");
	tap_is(packet(page.frames, 4000, 200, 0, 0), E_RANGE, "one that leaves its pages is");
	tap_is(packet(page.frames, 0xffffffffffff, 200, 0, 0), E_RANGE, "one far outside is");
	tap_is(packet(page.frames, 0, 200, exo_own_frames()->pool, 60), E_POOL,
	       "a piece out of a pool is");
	tap_is(packet(page.frames, 0, 200, blocks, 60), E_TYPE, "a piece of the disk is");
	ring_end();
	tap_is(exo_drop(card, 0, 0), 0, "the card goes");
}

/* What a ring receives to. */
static void
check_buffers(void)
{
	static const uint32_t others[] = {EXO_RING_DISK, EXO_RING_TRANSMIT};
	static const uint64_t counts[] = {3, 2 * BUFFER_PAGES_MAX};
	exo_handle frames = EXO_NONE;

	for (uint32_t i = 0; i < ARRAY_SIZE(others); i++) {
		ring_make(others[i]);
		tap_is(exo_bind(EXO_BIND_BUFFER, ring.handle, page.frames, 0), E_INVAL,
		       "only a receive ring has a buffer");
		ring_end();
	}
	ring_make(EXO_RING_RECEIVE);
	for (uint32_t i = 0; i < ARRAY_SIZE(counts); i++) {
		exo_frames_carve(exo_own_frames(), counts[i], 1, &frames);
		tap_is(exo_bind(EXO_BIND_BUFFER, ring.handle, frames, 0), E_RANGE,
		       "of no odd size and not too large");
		exo_frames_release(exo_own_frames(), frames);
	}
	tap_is(exo_bind(EXO_BIND_BUFFER, ring.handle, readable, 0), E_RIGHTS,
	       "nor of pages to read");
	tap_is(exo_bind(EXO_BIND_BUFFER, ring.handle, page.frames, 0), 0, "a page will do");
	tap_is(exo_bind(EXO_BIND_BUFFER, ring.handle, page.frames, 0), E_BUSY, "but one only");
	tap_is(exo_unbind(EXO_BIND_BUFFER, ring.handle), 0, "it is given back");
	tap_is(exo_bind(EXO_BIND_BUFFER, ring.handle, page.frames, 0), 0, "and taken again");
	ring_end();
}

/* Fill the ring with reads and take something away at once; afterwards all of it is gone, in the
 * end. */
static void
check_taken_away(const char *what, int which)
{
	exo_handle frames = EXO_NONE,
		   some = (exo_handle)exo_share(blocks, free_slot(), 0, BLOCKS, EXO_READ, 0);
	int64_t result = 0;

	exo_frames_carve(exo_own_frames(), BLOCKS, 1, &frames);
	ring_make(EXO_RING_DISK);
	for (uint32_t i = 0; i < EXO_SQ_SIZE; i++) {
		ring.shared->sq[i] = (union exo_request){.disk = {.op = EXO_DISK_READ,
								  .count = BLOCKS,
								  .blocks = some,
								  .frames = frames}};
	}
	ring.shared->sq_tail = EXO_SQ_SIZE;
	result = exo_submit(ring.handle);
	exo_submit(ring.handle);
	tap_ok(result > 0, "%ld reads begin", (long)result);
	const exo_handle victim[] = {ring.handle, ring.memory, frames, some};
	for (int tries = 0; tries < 1000 && (result = exo_drop(victim[which], 0, 0)) == E_BUSY;
	     tries++) {
		exo_pause(1000000);
	}
	tap_ok(result == 0 || result == E_HANDLE, "%s is dropped meanwhile", what);
	exo_frames_release(exo_own_frames(), frames);
	exo_drop(some, 0, 0);
	if (which > 1) {
		ring_end();
	} else {
		exo_drop(ring.memory, 0, 0);
	}
}

/* Reads begin and their blocks are revoked at once: true if some had to be waited for, and each
 * answer counted no more than the one before, and at least one. */
static bool
revoke_counts(bool *right)
{
	exo_handle some = (exo_handle)exo_share(blocks, free_slot(), 0, BLOCKS, EXO_READ, 0);
	struct exo_result r = {.value = E_BUSY};
	uint64_t in_flight = 0;
	bool waited = false;
	int64_t taken;
	uint64_t end;

	ring_make(EXO_RING_DISK);
	for (uint32_t i = 0; i < 8; i++) {
		ring.shared->sq[i] = (union exo_request){.disk = {.op = EXO_DISK_READ,
								  .count = 1,
								  .block = i % BLOCKS,
								  .blocks = some,
								  .frames = page.frames}};
	}
	ring.shared->sq_tail = 8;
	taken = exo_submit(ring.handle);
	end = exo_now_ns() + 10 * EXO_NS_PER_S;
	in_flight = taken > 0 ? (uint64_t)taken : 0;
	while (r.value == E_BUSY && exo_now_ns() < end) {
		r = exo_revoke2(some, 0, 0);
		*right &= r.value == E_BUSY ? r.second > 0 && r.second <= in_flight : !r.second;
		waited |= r.value == E_BUSY;
		in_flight = r.second;
	}
	*right &= r.value == 0;
	exo_drop(some, 0, 0);
	ring_end();
	return waited;
}

static void
check_counted(void)
{
	bool right = true;
	bool waited = false;

	for (int i = 0; i < 40 && !waited; i++) {
		waited = revoke_counts(&right);
	}
	tap_ok(waited && right, "a revocation counts the reads that it waits for");
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(20 + 12 + 13 + 9 + 8 + 1 + 1);
	exo_pages_make(&page, 1);
	exo_inspect(page.frames, 0, &info);
	readable = (exo_handle)exo_share(page.frames, free_slot(), info.start, 1, EXO_READ, 0);
	blocks = (exo_handle)exo_share(exo_boot()->blocks[0], free_slot(), 0, BLOCKS, EXO_READ, 0);
	check_disk();
	check_indices();
	check_packets();
	check_buffers();
	check_taken_away("the ring", 0);
	check_taken_away("its memory", 1);
	check_taken_away("what is read to", 2);
	check_taken_away("what is read", 3);
	check_counted();
	ring_make(EXO_RING_DISK);
	tap_is(disk(EXO_DISK_READ, blocks, 1, page.frames, 0, 1), 0, "the disk still works");
	return tap_end();
}
