/* SPDX-License-Identifier: MIT
 * hostile_s09_changing.c: S9: a word in memory is read once: a batch, a request or a context that
 * another hart changes while the call reads it is one of the two or refused, never a mixture that
 * was checked as one thing and used as the other.
 *
 * boot: init SMP=2 DISK=1M
 */
#include "test/boot/hostile.h"

#include "lib/exo/ring.h"

#define SECRET  0x5ec12e7ul
#define ENTRIES 4
#define SECONDS 1

static struct exo_map_entry batch[ENTRIES];
static struct exo_context context;
static uint64_t window;
static exo_handle part, env;                /* page 1 of three; a stopped environment */
static volatile union exo_request *request; /* to read one block; what changes says four */
static volatile bool over;
static volatile uint64_t changes;

/* Turns what is allowed into what is not, and back. */
static void
change_body(uint64_t argument)
{
	(void)argument;
	while (!over) {
		for (uint32_t i = 0; i < ENTRIES; i++) {
			volatile struct exo_map_entry *e = &batch[i];

			e->offset = e->offset ? 0 : 1;
			e->count = e->offset ? ~0ul : 1;
			e->rights = changes & 1 ? EXO_READ : EXO_READ | EXO_WRITE;
			e->address = changes & 2 ? window + i * EXO_PAGE_SIZE
						 : KERNEL_DIRECT + i * EXO_PAGE_SIZE;
		}
		if (request) {
			request->disk.count = changes & 1 ? 4 : 1;
		}
		*(volatile uint64_t *)&context.pc = changes & 1 ? 0x10000 : KERNEL_IMAGE;
		changes++;
	}
	exo_exit(0);
}

/* Whatever came of a batch: each page in the window is the part, and for reading. Store faults are
 * not tried: the entries are asked. */
static uint32_t
look(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint64_t address = window + i * EXO_PAGE_SIZE;

		if (exo_protect(address, 1, EXO_READ, NULL, EXO_NONE) < 0) {
			continue;
		}
		wrong += *at(address) != 0;
		wrong += exo_protect(address, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE) != E_RIGHTS;
	}
	exo_unmap(window, ENTRIES, 0, NULL, EXO_NONE);
	return wrong;
}

/* Reads one block into the first of four pages; the capability ends behind it. */
static uint32_t
read_changing(struct exo_queue *queue, exo_handle blocks, exo_handle frames)
{
	union exo_request copy = {.disk = {.op = EXO_DISK_READ,
					   .count = 1,
					   .blocks = blocks,
					   .frames = frames,
					   .block = 1}};
	struct exo_completion done = {.result = 0};

	request = &queue->page->sq[queue->sq_tail % EXO_SQ_SIZE];
	exo_queue_put(queue, &copy);
	linger(changes % 64);
	exo_submit(queue->ring);
	request = NULL;
	exo_queue_wait(queue, &done, EXO_NS_PER_S);
	return done.result != 0 && done.result != E_RANGE;
}

/* What lies behind that page stays as it is. */
static void
check_requests(void)
{
	struct exo_pages pages = {0};
	struct exo_cap_info info = {0};
	struct exo_queue queue;
	exo_handle frames, blocks = exo_boot()->blocks[0];
	uint32_t wrong = 0, read = 0;

	exo_pages_make(&pages, 4);
	exo_inspect(pages.frames, 0, &info);
	frames = (exo_handle)exo_share(pages.frames, free_slot(), info.start, 1,
				       EXO_READ | EXO_WRITE, 0);
	exo_queue_open(&queue, EXO_RING_DISK, 5);
	for (uint32_t i = 0; i < 300; i++) {
		volatile uint64_t *word = pages.memory;

		word[0] = 77;
		word[512] = word[1024] = word[1536] = SECRET;
		wrong += read_changing(&queue, blocks, frames);
		read += word[0] == 1;
		wrong += word[512] != SECRET || word[1024] != SECRET || word[1536] != SECRET;
	}
	tap_ok(wrong == 0 && read > 0 && read <= 300,
	       "no request read more than it was checked for");
	exo_queue_close(&queue);
}

int
main(void)
{
	struct hostile_thread thread;
	struct exo_cap_info info = {0};
	struct exo_context now;
	exo_handle pool, memory;
	uint64_t address, end;
	uint32_t rounds, wrong = 0, taken = 0, refused = 0, written = 0;

	tap_plan(6 + 1);
	exo_frames_carve(exo_own_frames(), 3, 1, &pool);
	exo_vm_map(exo_own_vm(), pool, 0, 3, EXO_READ | EXO_WRITE, &address);
	*at(address) = SECRET;
	*at(address + 2 * EXO_PAGE_SIZE) = SECRET;
	exo_vm_unmap(exo_own_vm(), address, 3);
	exo_inspect(pool, 0, &info);
	part = (exo_handle)exo_share(pool, free_slot(), info.start + 1, 1, EXO_READ, 0);
	exo_vm_reserve(exo_own_vm(), ENTRIES, &window);
	exo_vm_map_at(exo_own_vm(), window, part, 0, 1, EXO_READ);
	exo_unmap(window, 1, 0, NULL, EXO_NONE);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		batch[i] = (struct exo_map_entry){window + i * EXO_PAGE_SIZE, part, 0, 1, EXO_READ};
	}
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &env, &memory);
	tap_is(hostile_thread_start(&thread, 1, change_body, 0), 0, "another hart changes a batch");
	while (!changes) {
	}
	check_requests();
	end = exo_now_ns() + SECONDS * EXO_NS_PER_S;
	for (rounds = 0; exo_now_ns() < end; rounds++) {
		int64_t result =
			exo_map(window + (ENTRIES - 1) * EXO_PAGE_SIZE, part, 0, 1,
				EXO_READ | (ENTRIES - 1) << EXO_BATCH_SHIFT, batch, EXO_NONE);

		taken += result == 0;
		refused += result < 0;
		wrong += look();
		result = exo_env_write(env, &context);
		written += result == 0;
		exo_env_read(env, &now);
		wrong += now.pc >= EXO_USER_END;
	}
	over = true;
	tap_is(wrong, 0, "nothing was mapped or written that may not be");
	tap_ok(refused > 0, "%u batches were refused, %u taken", refused, taken);
	tap_ok(written > 0 && written < rounds, "%u of %u contexts were taken", written, rounds);
	tap_ok(changes > 10, "%lu changes", (unsigned long)changes);
	tap_is(exo_drop(part, 0, 0), 0, "the page is free again");
	return tap_end();
}
