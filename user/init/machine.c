/* SPDX-License-Identifier: MIT
 * machine.c: what the kernel handed to init, as the manifest's checks want it.
 */
#include "user/init/machine.h"

#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/frames.h"
#include "lib/exo/start.h"
#include "user/init/archive.h"
#include "user/init/say.h"

/* The range of an interval capability; empty if there is no such capability. */
static struct manifest_range
range_of(exo_handle handle)
{
	struct exo_cap_info info;

	if (handle == EXO_NONE || exo_inspect(handle, 0, &info) < 0) {
		return (struct manifest_range){0};
	}
	return (struct manifest_range){.first = info.start, .count = info.count};
}

/* lib/exo allocates for init from the start of the largest range on, up to `next` so far. */
static void
keep_own(struct manifest_machine *machine)
{
	uint64_t used = exo_own_frames()->next - exo_own_frames()->start + MACHINE_INIT_PAGES;
	uint64_t most = 0;

	for (uint32_t i = 0; i < machine->free_count; i++) {
		struct manifest_range *range = &machine->free[i];

		most = range->count > most ? range->count : most;
		if (range->first == exo_own_frames()->start && range->count > used) {
			range->first += used;
			range->count -= used;
			return;
		}
	}
	give_up("there is too little RAM: of what is free %lu KiB lie in a row and init alone "
		"wants %lu KiB; give the machine more memory",
		most * 4, used * 4);
}

static uint32_t
read_list(const exo_handle *list, uint32_t most, struct manifest_range *ranges)
{
	uint32_t count = 0;

	while (count < most && list[count] != EXO_NONE) {
		ranges[count] = range_of(list[count]);
		count++;
	}
	return count;
}

static void
read_frames(struct manifest_machine *machine)
{
	const struct exo_boot *boot = exo_boot();

	machine->free_count = read_list(boot->frames, EXO_RANGES_MAX, machine->free);
	keep_own(machine);
}

/* A tree that nobody can read describes no devices. */
static void
read_devices(struct manifest_machine *machine)
{
	static struct fdt tree = {.root = -1};
	const struct exo_boot *boot = exo_boot();

	if (!archive_device_tree(&tree)) {
		tree.root = -1;
	}
	machine->devices = &tree;
	machine->window_count = read_list(boot->windows, EXO_WINDOWS_MAX, machine->windows);
	machine->line_count = read_list(boot->irqs, EXO_LINES_MAX, machine->lines);
}

void
machine_read(struct manifest_machine *machine)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	const struct exo_boot *boot = exo_boot();

	*machine = (struct manifest_machine){
		.harts = info->harts,
		.timeline_slots = info->timeline_slots,
		.code = range_of(boot->code),
	};
	read_frames(machine);
	read_devices(machine);
	for (uint32_t i = 0; i < EXO_DISKS_MAX; i++) {
		machine->disk_blocks[i] = range_of(boot->blocks[i]).count;
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		machine->has_nic[i] = boot->packets[i] != EXO_NONE;
		machine->filters[i] = info->nic[i].filters;
		memcpy(machine->mac[i], info->nic[i].mac, sizeof(machine->mac[i]));
	}
}

/* Which of the capabilities in a list, which EXO_NONE or its length ends, holds `range`. */
static exo_handle
holder_of(const exo_handle *list, uint32_t most, const struct manifest_range *range)
{
	for (uint32_t i = 0; i < most && list[i] != EXO_NONE; i++) {
		struct manifest_range whole = range_of(list[i]);

		if (range->first >= whole.first &&
		    range_within(range->first - whole.first, range->count, whole.count)) {
			return list[i];
		}
	}
	return EXO_NONE;
}

exo_handle
machine_frames(const struct manifest_range *range)
{
	return holder_of(exo_boot()->frames, EXO_RANGES_MAX, range);
}

exo_handle
machine_window(const struct manifest_range *range)
{
	return holder_of(exo_boot()->windows, EXO_WINDOWS_MAX, range);
}

exo_handle
machine_line(uint32_t line)
{
	return holder_of(exo_boot()->irqs, EXO_LINES_MAX, &(struct manifest_range){line, 1});
}
