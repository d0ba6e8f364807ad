/* SPDX-License-Identifier: MIT
 * slots_quiet.c: in a slot that is bound quiet no device interrupts; what has come up meanwhile is
 * handled when it is over.
 *
 * A disk transfer that begins in a slice is looked for until it has completed; the slice covers
 * half of the timeline, 8 ms, which is long for a disk, but nothing depends on that: the test goes
 * on until one has completed in a slice that is not quiet. Counted time, for else the clock may
 * show the slice before the interrupt that begins it comes.
 *
 * boot: init SMP=1 DISK=1M ICOUNT=1
 */
#include "lib/exo/disk.h"
#include "test/boot/hostile.h"

#define BIT       9
#define POSITIONS 32
#define ROUNDS    20

static struct exo_disk disk;
static struct exo_pages page;

static uint64_t
slot_of(uint64_t time)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (time - s->timeline_epoch) / s->slot_ticks;
}

/* Does it complete in the slice in which it begins? That is seen without a call. */
static bool
is_early(void)
{
	uint64_t turn = exo_sysinfo()->timeline_slots;
	struct exo_completion done;
	uint64_t begin;

	while (slot_of(exo_ticks()) % turn > 1) {
	}
	begin = slot_of(exo_ticks());
	exo_disk_read(&disk, 1, page.frames, 0, 1, 7);
	while (exo_disk_poll(&disk, &done) == 0) {
	}
	return begin % turn < POSITIONS && slot_of(exo_ticks()) < begin - begin % turn + POSITIONS;
}

static uint32_t
early(exo_handle slots, uint64_t flags, uint32_t rounds, uint32_t enough)
{
	uint32_t count = 0;

	exo_bind(EXO_BIND_SLOT, exo_start()->env, slots, flags);
	exo_pause(20000000);
	for (uint32_t i = 0; i < rounds && count < enough; i++) {
		count += is_early();
	}
	exo_unbind(EXO_BIND_SLOT, slots);
	return count;
}

int
main(void)
{
	int64_t slots = exo_carve(exo_boot()->timelines[0], free_slot(), 0, POSITIONS,
				  EXO_SLOT_BIND, 0);

	tap_plan(4);
	tap_is(exo_disk_open(&disk, exo_boot()->blocks[0], BIT), 0, "there is a disk");
	tap_is(exo_pages_make(&page, 1), 0, "and a page for it");
	tap_is(early((exo_handle)slots, EXO_SLOT_QUIET, ROUNDS, ROUNDS), 0,
	       "nothing completes in quiet slots");
	tap_is(early((exo_handle)slots, 0, 1000, 1), 1, "elsewhere it does");
	return tap_end();
}
