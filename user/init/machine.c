/* SPDX-License-Identifier: MIT
 * machine.c: what the kernel handed to init, as the manifest's checks want it.
 */
#include "user/init/machine.h"

#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/frames.h"
#include "lib/exo/start.h"
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

static void
read_frames(struct manifest_machine *machine)
{
	const struct exo_boot *boot = exo_boot();

	for (uint32_t i = 0; i < EXO_RANGES_MAX && boot->frames[i] != EXO_NONE; i++) {
		machine->free[machine->free_count++] = range_of(boot->frames[i]);
	}
	keep_own(machine);
}

void
machine_read(struct manifest_machine *machine)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	const struct exo_boot *boot = exo_boot();

	*machine = (struct manifest_machine){.harts = info->harts};
	read_frames(machine);
	for (uint32_t i = 0; i < EXO_DISKS_MAX; i++) {
		machine->disk_blocks[i] = range_of(boot->blocks[i]).count;
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		machine->has_nic[i] = boot->packets[i] != EXO_NONE;
		machine->filters[i] = info->nic[i].filters;
		memcpy(machine->mac[i], info->nic[i].mac, sizeof(machine->mac[i]));
	}
}

exo_handle
machine_frames(const struct manifest_range *range)
{
	const struct exo_boot *boot = exo_boot();

	for (uint32_t i = 0; i < EXO_RANGES_MAX && boot->frames[i] != EXO_NONE; i++) {
		struct manifest_range whole = range_of(boot->frames[i]);

		if (range->first >= whole.first &&
		    range_within(range->first - whole.first, range->count, whole.count)) {
			return boot->frames[i];
		}
	}
	return EXO_NONE;
}
