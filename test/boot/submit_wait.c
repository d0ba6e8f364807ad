/* SPDX-License-Identifier: MIT
 * submit_wait.c: a submit and a sleep in one call: all entries go, events and deadlines are those
 * of a sleep, and what submit refuses is refused before anybody sleeps.
 *
 * boot: init DISK=1M
 */
#include "lib/exo/disk.h"
#include "lib/exo/events.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define BIT    9
#define OTHER  10
#define READS  7 /* more than a submit takes in one go */
#define MS     1000000ul
#define SECOND (1000 * MS)

static struct exo_disk disk;
static struct exo_pages buffer;

static uint64_t
in_ns(uint64_t ns)
{
	return exo_deadline_after(exo_ticks(), ns, exo_start()->timebase_hz);
}

static void
queue_reads(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		exo_disk_queue(&disk, EXO_DISK_READ, i, buffer.frames, i, 1, i);
	}
}

static uint32_t
ended(uint32_t count)
{
	struct exo_completion done;
	uint32_t n = 0;

	while (n < count && exo_disk_wait(&disk, &done, SECOND) == 1 && !done.result) {
		n++;
	}
	return n;
}

static void
check_entries(void)
{
	struct exo_queue *queue = &disk.queue;

	queue_reads(READS);
	tap_is(exo_submit_wait(queue->ring, EXO_EVENT(BIT), in_ns(SECOND)), EXO_EVENT(BIT),
	       "the event of the ring");
	tap_ok(!exo_queue_has_more(queue), "all entries have gone");
	tap_is(ended(READS), READS, "and end");
	exo_wait(EXO_EVENT(BIT), 0);
}

static void
check_sleep(void)
{
	exo_handle ring = disk.queue.ring;
	uint64_t begin = exo_now_ns();

	tap_is(exo_submit_wait(ring, EXO_EVENT(BIT), 0), 0, "a past deadline only looks");
	tap_is(exo_submit_wait(ring, EXO_EVENT(BIT), in_ns(20 * MS)), 0, "nothing comes");
	tap_ok(exo_now_ns() - begin >= 20 * MS, "until the deadline");
	exo_signal(exo_start()->env, EXO_EVENT(OTHER));
	queue_reads(1);
	tap_is(exo_submit_wait(ring, EXO_EVENT(OTHER), UINT64_MAX), EXO_EVENT(OTHER),
	       "an event that is there");
	tap_ok(!exo_queue_has_more(&disk.queue), "ends the sleep, not the submit");
	tap_is(ended(1), 1, "which ends");
	exo_wait(EXO_EVENT(BIT), 0);
}

static void
check_refused(void)
{
	struct exo_queue *queue = &disk.queue;

	tap_is(exo_submit_wait(EXO_NONE, 0, UINT64_MAX), E_HANDLE, "no ring, no sleep");
	tap_is(exo_submit_wait(buffer.frames, 0, UINT64_MAX), E_TYPE, "nor with frames");
	queue->page->sq_tail += EXO_SQ_SIZE + 1;
	tap_is(exo_submit_wait(queue->ring, 0, UINT64_MAX), E_STATE, "nor with a wrong tail");
}

int
main(void)
{
	tap_plan(13);
	tap_is(exo_disk_open(&disk, exo_start()->blocks[0], BIT), 0, "the disk is opened");
	exo_pages_make(&buffer, READS);
	check_entries();
	check_sleep();
	check_refused();
	return tap_end();
}
