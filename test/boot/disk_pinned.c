/* SPDX-License-Identifier: MIT
 * disk_pinned.c: a page that an older transfer still uses comes into other hands. A request of the
 * next holder's says E_BUSY, and the same one works when the older transfer is over.
 *
 * boot: init SMP=1 DISK=4M
 */
#include "lib/exo/disk.h"
#include "test/boot/hostile.h"

#define BIT      9
#define AHEAD    24 /* others that the device has to do first */
#define PATIENCE EXO_NS_PER_S
#define OLD      1 /* cookies */
#define NEW      2

static struct exo_pages others;
static struct exo_disk disk;
static exo_handle page;

/* The results of the two requests; there are so many completions to come. */
static void
await(uint32_t count, int64_t *old, int64_t *new)
{
	struct exo_completion done;

	while (count-- && exo_disk_wait(&disk, &done, PATIENCE) == 1) {
		*old = done.cookie == OLD ? done.result : *old;
		*new = done.cookie == NEW ? done.result : *new;
	}
}

int
main(void)
{
	struct exo_frames *pool = exo_own_frames();
	struct exo_cap_info info = {0};
	int64_t old = 1, new = 1, result;
	uint32_t wrong = 0, slot;

	tap_plan(8);
	tap_is(exo_pages_make(&others, EXO_DISK_BLOCKS_MAX), 0, "pages");
	tap_is(exo_disk_open(&disk, exo_start()->blocks[0], BIT), 0, "a disk");
	wrong += exo_frames_carve(pool, 1, 1, &page) != 0;
	wrong += exo_inspect(page, 0, &info) != 0;
	for (uint32_t i = 0; i < AHEAD; i++) {
		wrong += exo_disk_read(&disk, 0, others.frames, 0, EXO_DISK_BLOCKS_MAX, 0) != 0;
	}
	wrong += exo_disk_read(&disk, 0, page, 0, 1, OLD) != 0;
	tap_is(wrong, 0, "a page is being read into");
	tap_is(exo_drop(page, 0, 0), 0, "its holder drops it");
	slot = free_slot();
	result = exo_carve(pool->pool, slot, info.start, 1, EXO_READ | EXO_WRITE, 0);
	tap_ok(result > 0, "the next one has it: %d", (int)result);
	wrong += exo_disk_read(&disk, 0, (exo_handle)result, 0, 1, NEW) != 0;
	await(AHEAD + 2, &old, &new);
	tap_is(old, 0, "the older transfer ends");
	tap_is(new, E_BUSY, "a request of the next one found the page in use");
	wrong += exo_disk_read(&disk, 0, (exo_handle)result, 0, 1, NEW) != 0;
	await(1, &old, &new);
	tap_is(new | wrong, 0, "now it can use it");
	return tap_end();
}
