/* SPDX-License-Identifier: MIT
 * hostile_s27_batch.c: S27: batches as long as the ABI allows do not keep others from the hart:
 * whatever is mapped, unmapped or protected, the call lets them in again and again and does all of
 * its work all the same.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define WHERE   0x900000000ul
#define TABLES  32
#define ENTRIES (TABLES * 512u)

static struct exo_map_entry batch[ENTRIES];
static volatile uint64_t other;

static void
other_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		other++;
		exo_yield(EXO_NONE);
	}
}

static void
fill(exo_handle handle, uint64_t rights)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		batch[i] = (struct exo_map_entry){WHERE + (uint64_t)i * EXO_PAGE_SIZE, handle, 0, 1,
						  rights};
	}
}

/* The other one had several turns while the call lasted. */
static void
check_turns(uint64_t before, const char *what)
{
	uint64_t turns = other - before;

	tap_ok(turns > 8, "%s of %u entries: others had %lu turns", what, ENTRIES,
	       (unsigned long)turns);
}

static void
check(exo_handle handle, uint64_t rights, const char *what)
{
	uint64_t flags = (uint64_t)(ENTRIES - 1) << EXO_BATCH_SHIFT;
	uint64_t before;

	fill(handle, rights);
	printf("# %s\n", what);
	before = other;
	tap_is(exo_map(WHERE, handle, 0, 1, rights | flags, batch + 1, EXO_NONE), 0, what);
	check_turns(before, "map");
	before = other;
	tap_ok(exo_protect(WHERE, 1, EXO_READ | flags, batch + 1, EXO_NONE) >= 0,
	       "they are protected");
	check_turns(before, "protect");
	before = other;
	tap_ok(exo_unmap(WHERE, 1, flags, batch + 1, EXO_NONE) >= 0, "they are unmapped");
	check_turns(before, "unmap");
}

int
main(void)
{
	struct hostile_thread thread;
	struct exo_pages page;
	exo_handle table, ring;

	tap_plan(19);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WHERE & ~0x3ffffffful, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	for (uint64_t i = 0; i < TABLES; i++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
		exo_map(WHERE + i * 0x200000, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	}
	exo_pages_make(&page, 1);
	exo_frames_create(exo_own_frames(), EXO_CAP_RING, EXO_RING_DISK, 9, &ring, NULL);
	tap_is(hostile_thread_start(&thread, 0, other_body, 0), 0, "another one runs");
	check(page.frames, EXO_READ | EXO_WRITE, "a page, mapped everywhere");
	check(table, EXO_READ, "a table, looked at from everywhere");
	check(ring, EXO_READ | EXO_WRITE, "a ring, mapped everywhere");
	return tap_end();
}
