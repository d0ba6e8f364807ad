/* SPDX-License-Identifier: MIT
 * life.c: what it costs to create, start and end an environment of 16 clear pages (env_cycle_16p).
 *
 * The child has a space, two page tables, a u-area, a page of code and 15 of data of its own. Like
 * all children that hold no capabilities it uses the one empty capability space. Counted is all
 * from the first create to the last drop; what an object is taken apart later counts in the next
 * life, whose creates do it. The u-area is cleared each time; page tables come apart as empty as a
 * new one, and are not. The FRAME capabilities under the objects and the 16 pages stay with the
 * parent, as in a library that keeps a list of them: so the pages are clear.
 */
#include <string.h>

#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/bench/life/child.h"

#define SAMPLES    50
#define PAGES      16 /* the last one holds code */
#define CHILD_BIT  5
#define REGION     EXO_UAREA_BASE /* of one level-0 table */
#define CODE       (REGION + PAGES * EXO_PAGE_SIZE)
#define READ_WRITE (EXO_READ | EXO_WRITE)

_Static_assert(NR_EXIT == EXO_NR_exit, "child.h");

enum part { ENV, TABLE, DIRECTORY, SPACE, PARTS };

static const struct {
	uint32_t type;
	uint64_t pages;
	uint64_t arg0;
	uint64_t arg1;
} parts[PARTS] = {
	[ENV] = {EXO_CAP_ENV, 2, 0, EXO_UAREA_BASE},
	[SPACE] = {EXO_CAP_SPACE, 2, 0, 0},
	[DIRECTORY] = {EXO_CAP_TABLE, 2, 1, 0},
	[TABLE] = {EXO_CAP_TABLE, 2, 0, 0},
};

static struct {
	struct exo_pages image;
	exo_handle memory[PARTS]; /* FRAME under each object */
	uint32_t slot[PARTS];
	exo_handle object[PARTS];
	exo_handle nothing; /* an empty CSPACE */
} child;

static void
prepare(void)
{
	must("pages", exo_pages_make(&child.image, PAGES));
	memcpy((char *)child.image.memory + (PAGES - 1) * EXO_PAGE_SIZE, child_code,
	       (size_t)(child_code_end - child_code));
	must("unmap", exo_vm_unmap(exo_own_vm(), (uint64_t)child.image.memory, PAGES));
	must("create",
	     exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, 0, 0, &child.nothing, NULL));
	for (int i = 0; i < PARTS; i++) {
		must("carve", exo_frames_carve(exo_own_frames(), parts[i].pages, parts[i].pages,
					       &child.memory[i]));
		child.slot[i] = (uint32_t)must("slot", exo_slot_take());
	}
}

/* Tables, data, code and u-area in one call. */
static int64_t
map_image(void)
{
	static struct exo_map_entry more[] = {
		{REGION, EXO_NONE, 0, 1, EXO_WRITE},
		{REGION + EXO_PAGE_SIZE, EXO_NONE, 0, PAGES - 1, READ_WRITE},
		{CODE, EXO_NONE, PAGES - 1, 1, EXO_READ | EXO_EXEC},
		{EXO_UAREA_BASE, EXO_NONE, 0, 1, READ_WRITE},
	};

	more[0].handle = child.object[TABLE];
	more[1].handle = child.image.frames;
	more[2].handle = child.image.frames;
	more[3].handle = child.object[ENV];
	return exo_map(REGION & ~((1ul << 30) - 1), child.object[DIRECTORY], 0, 1,
		       EXO_WRITE | 4 << EXO_BATCH_SHIFT, more, child.object[SPACE]);
}

static int64_t
launch(void)
{
	const struct exo_launch begin = {
		.space = child.object[SPACE],
		.cspace = child.nothing,
		.supervisor = exo_start()->env,
		.supervisor_bit = CHILD_BIT,
		.pc = CODE,
		.sp = CODE,
	};

	return exo_env_launch(child.object[ENV], &begin);
}

/* One life; negative if anything was refused. */
static int64_t
live(void)
{
	int64_t wrong = 0;

	for (int i = 0; i < PARTS; i++) {
		int64_t made = exo_create(parts[i].type, child.memory[i], child.slot[i],
					  parts[i].arg0, parts[i].arg1);

		if (made < 0) {
			return made;
		}
		child.object[i] = (exo_handle)made;
	}
	wrong |= map_image();
	wrong |= launch();
	wrong |= exo_sleep(1ul << CHILD_BIT, UINT64_MAX);
	for (int i = PARTS; i-- > 0;) { /* from above: what comes apart first frees the next */
		wrong |= exo_drop(child.object[i], 0, 0);
	}
	return wrong;
}

int
main(void)
{
	prepare();
	bench_empty();
	for (int i = 0; i < SAMPLES; i++) {
		int64_t result;

		BEGIN(OP_ENV_CYCLE_16P);
		result = live();
		END(OP_ENV_CYCLE_16P);
		must("a life", result);
	}
	return bench_end();
}
