/* SPDX-License-Identifier: MIT
 * disk.c: one raw read of 4 KiB: descriptor, submit, sleep until the interrupt, completion.
 */
#include "lib/exo/frames.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"

#define SAMPLES    200
#define DISK_EVENT 1

static volatile struct exo_ring *ring;
static exo_handle ring_handle;
static struct exo_pages buffer;

static void
make_ring(void)
{
	exo_handle memory;
	uint64_t address;

	must("ring", exo_frames_create(exo_own_frames(), EXO_CAP_RING, EXO_RING_DISK, DISK_EVENT,
				       &ring_handle, &memory));
	must("map ring",
	     exo_vm_map(exo_own_vm(), ring_handle, 0, 1, EXO_READ | EXO_WRITE, &address));
	ring = (volatile struct exo_ring *)address;
	must("buffer", exo_pages_make(&buffer, 1));
}

static void
fill(uint32_t tail, uint64_t block)
{
	volatile struct exo_disk_request *r = &ring->sq[tail % EXO_SQ_SIZE].disk;

	r->cookie = tail;
	r->op = EXO_DISK_READ;
	r->count = 1;
	r->blocks = exo_boot()->blocks[0];
	r->block = block;
	r->frames = buffer.frames;
	r->page = 0;
}

/* The result of one read. */
static int
read_block(uint64_t block)
{
	uint32_t tail = ring->sq_tail;
	uint32_t head = ring->cq_head;
	int result;

	fill(tail, block);
	__atomic_store_n(&ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	exo_submit(ring_handle);
	while (__atomic_load_n(&ring->cq_tail, __ATOMIC_ACQUIRE) == head) {
		exo_sleep(1ul << DISK_EVENT, UINT64_MAX);
	}
	result = ring->cq[head % EXO_CQ_SIZE].result;
	__atomic_store_n(&ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

int
main(void)
{
	make_ring();
	bench_empty();
	for (uint64_t i = 0; i < SAMPLES; i++) {
		int result;

		BEGIN(OP_RAW_READ_4K);
		result = read_block(i);
		END(OP_RAW_READ_4K);
		must("read", result);
	}
	return bench_end();
}
