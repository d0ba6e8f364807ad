/* SPDX-License-Identifier: MIT
 * run_frames.c: `frames`: the pages of memory by use and by environment, and where they are.
 */
#include <stdio.h>

#include "lib/base/checked.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"
#include "user/monitor/command.h"
#include "user/monitor/world.h"

#define STRIP_CELLS 64

/* Of some range of pages. */
struct count {
	uint64_t pages;
	uint64_t mapped; /* memory that some page table shows */
	uint64_t pinned; /* in a device transfer */
	uint64_t kinds[EXO_FRAME_OBJECT + 1];
};

static const char *const kinds[] = {
	[EXO_FRAME_USER] = "memory",       [EXO_FRAME_KERNEL] = "kernel",
	[EXO_FRAME_CLEARING] = "clearing", [EXO_FRAME_ENV] = "ENV",
	[EXO_FRAME_SPACE] = "SPACE",       [EXO_FRAME_TABLE] = "TABLE",
	[EXO_FRAME_CSPACE] = "CSPACE",     [EXO_FRAME_LEAF] = "leaf of CSPACE",
	[EXO_FRAME_RING] = "RING",         [EXO_FRAME_OBJECT] = "2nd of a pair",
};

/* The frame table, mapped once. NULL, with a sentence, if it cannot be seen. */
static const struct exo_frame_info *
table_of(uint64_t pages)
{
	static uint64_t address;
	uint64_t bytes = pages * sizeof(struct exo_frame_info);
	int status = 0;

	if (!address) {
		status =
			exo_vm_map(exo_own_vm(), exo_start()->frame_table, 0,
				   (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, EXO_READ, &address);
	}
	if (status) {
		printf("the frame table cannot be mapped: %s; give the monitor more frames\n",
		       exo_error_sentence(status));
	}
	return status ? NULL : (const struct exo_frame_info *)address;
}

static struct count
count(const struct exo_frame_info *frames, uint64_t first, uint64_t pages)
{
	struct count sum = {.pages = pages};

	for (uint64_t i = first; i < first + pages; i++) {
		uint32_t kind = frames[i].kind;

		sum.kinds[kind < ARRAY_SIZE(sum.kinds) ? kind : (uint32_t)EXO_FRAME_OBJECT]++;
		sum.mapped += kind == EXO_FRAME_USER && frames[i].references;
		sum.pinned += frames[i].pins && kind == EXO_FRAME_USER;
	}
	return sum;
}

static void
print_kinds(const struct count *all)
{
	printf("%lu pages of 4 KiB: %lu mapped, %lu not mapped, %lu in transfers\n", all->pages,
	       all->mapped, all->kinds[EXO_FRAME_USER] - all->mapped, all->pinned);
	for (size_t i = EXO_FRAME_KERNEL; i < ARRAY_SIZE(kinds); i++) {
		if (all->kinds[i]) {
			printf("  %-16s %8lu\n", kinds[i], all->kinds[i]);
		}
	}
}

static char
cell_of(const struct count *part)
{
	if (part->kinds[EXO_FRAME_KERNEL] * 2 > part->pages) {
		return 'K';
	}
	return part->mapped * 2 > part->pages ? '#' : part->mapped ? '+' : '.';
}

static void
print_strip(const struct exo_frame_info *frames, uint64_t pages)
{
	uint64_t each = pages / STRIP_CELLS;

	printf("|");
	for (uint32_t i = 0; i < STRIP_CELLS; i++) {
		struct count part = count(frames, i * each, each);

		printf("%c", cell_of(&part));
	}
	printf("| %lu pages each\nK kernel, # mostly mapped, + partly, . not\n", each);
}

static void
print_env(const struct exo_frame_info *frames, uint64_t start, const struct roster_env *entry)
{
	struct count own = count(frames, entry->first_page - start, entry->pages);

	printf("%-16s %8lu %8lu %8lu  0x%lx\n", entry->name, own.pages, own.mapped,
	       own.pages - own.kinds[EXO_FRAME_USER], entry->first_page);
}

void
run_frames(const struct words *words)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	uint64_t pages = info->ram_bytes / EXO_PAGE_SIZE;
	const struct exo_frame_info *frames = table_of(pages);
	struct count all;

	(void)words;
	if (!frames) {
		return;
	}
	all = count(frames, 0, pages);
	print_kinds(&all);
	print_strip(frames, pages);
	printf("%-16s %8s %8s %8s  %s\n", "name", "pages", "mapped", "objects", "from");
	for (uint32_t i = 0; i < world_roster()->count; i++) {
		print_env(frames, info->ram_start / EXO_PAGE_SIZE, &world_roster()->env[i]);
	}
}
