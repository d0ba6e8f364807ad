/* SPDX-License-Identifier: MIT
 * long_calls.c: the calls that have most to do in one go: large ranges, batches of single pages,
 * everything unaligned, many requests. Each does all of its work, in as many goes as it takes;
 * `make bench ONLY=irqs_off_max` measures how long one of them is.
 *
 * boot: init SMP=1 DISK=1M
 */
#include <string.h>

#include "lib/exo/disk.h"
#include "lib/exo/frames.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define WHERE 0x3400000000ul /* nothing else is there, up to the u-areas */
#define PAGES 512u
#define DEPTH 16u
#define BIT   9

static exo_handle frames;
static struct exo_map_entry batch[PAGES];
static char text[4096];

static void
make_tables(void)
{
	exo_handle table;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), PAGES, 1, &frames);
}

/* Frame `i * step` at page i: with a step none follows its neighbour in the list of bindings. */
static int64_t
map_single(uint32_t step)
{
	for (uint32_t i = 0; i < PAGES; i++) {
		batch[i] = (struct exo_map_entry){WHERE + (uint64_t)i * EXO_PAGE_SIZE, frames,
						  i * step % PAGES, 1, EXO_READ | EXO_WRITE};
	}
	return exo_map(batch[0].address, frames, 0, 1,
		       EXO_READ | EXO_WRITE | (uint64_t)(PAGES - 1) << EXO_BATCH_SHIFT, batch + 1,
		       EXO_NONE);
}

static void
check_memory(void)
{
	struct exo_cap_info info;

	tap_is(exo_map(WHERE, frames, 0, PAGES, EXO_READ | EXO_WRITE, NULL, EXO_NONE), 0,
	       "a table full of fresh frames");
	tap_ok(exo_protect(WHERE, PAGES, EXO_READ, NULL, EXO_NONE) >= 0, "is narrowed");
	tap_ok(exo_protect(WHERE, PAGES, EXO_READ | EXO_WRITE, NULL, EXO_NONE) >= 0, "widened");
	tap_ok(exo_unmap(WHERE, PAGES, 0, NULL, EXO_NONE) >= 0, "and unmapped");
	tap_is(map_single(5), 0, "the same one by one, in another order");
	tap_is(exo_inspect(frames, 0, &info), 0, "inspected");
	tap_ok(exo_unmap(WHERE, PAGES, 0, NULL, EXO_NONE) >= 0, "and unmapped");
	tap_is(map_single(0), 0, "one page everywhere");
	tap_is(exo_revoke(frames, 0, 0), 0, "is revoked");
	tap_is(exo_protect(WHERE + EXO_PAGE_SIZE, 1, EXO_READ, NULL, EXO_NONE), E_NOTMAPPED,
	       "and mapped nowhere");
	tap_is(exo_unmap(WHERE, (EXO_UAREA_BASE - WHERE) / EXO_PAGE_SIZE, 0, NULL, EXO_NONE), 0,
	       "what is not there is unmapped");
}

/* Lines as short as they can be, at an odd address. */
static void
check_console(void)
{
	int64_t n = 0;
	uint32_t wrong = 0;

	memset(text, '\n', sizeof(text));
	for (uint32_t i = 0; i < 8; i++) {
		do {
			n = exo_console_write(exo_start()->console, text + i, 100 + i);
			exo_yield(EXO_NONE);
		} while (n == 0);
		wrong += n != 100 + i;
	}
	tap_is(wrong, 0, "empty lines are written");
}

static void
check_disk(void)
{
	struct exo_completion done;
	struct exo_disk disk;
	struct exo_pages buffer;
	uint32_t wrong = 0;

	exo_pages_make(&buffer, 64);
	tap_is(exo_disk_open(&disk, exo_boot()->blocks[0], BIT), 0, "a disk");
	for (uint32_t i = 0; i < DEPTH; i++) {
		wrong += exo_disk_queue(&disk, EXO_DISK_READ, i, buffer.frames, 0, 64, i) != 0;
	}
	tap_is(exo_disk_submit(&disk), 0, "many large requests at once");
	for (uint32_t i = 0; i < DEPTH; i++) {
		wrong += exo_disk_wait(&disk, &done, 10000000000ul) != 1 || done.result;
	}
	tap_is(wrong, 0, "all of them are served");
}

int
main(void)
{
	tap_plan(11 + 1 + 3);
	make_tables();
	check_memory();
	check_console();
	check_disk();
	return tap_end();
}
