/* SPDX-License-Identifier: MIT
 * vitals.c: prints the counters of the kernel's system page, for those who want to see it work.
 *
 *   vitals [SECONDS [COUNT]]     10 seconds, without end, where not given
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define SECONDS 10

static unsigned long
argument(int argc, char **argv, int index, unsigned long otherwise)
{
	return index < argc ? strtoul(argv[index], NULL, 10) : otherwise;
}

static void
print_harts(const struct exo_sysinfo *info)
{
	for (uint32_t i = 0; i < info->harts; i++) {
		const struct exo_hart_info *hart = &info->hart[i];

		printf("%s: hart %u: %lu environments, %lu interrupts, %lu switches\n", exo_name(),
		       i, hart->environments, hart->interrupts, hart->switches);
	}
}

static void
print_devices(const struct exo_sysinfo *info)
{
	for (uint32_t i = 0; i < EXO_DISKS_MAX; i++) {
		const struct exo_disk_info *disk = &info->disk[i];

		if (disk->present) {
			printf("%s: disk %u: %lu requests, %lu errors\n", exo_name(), i,
			       disk->requests, disk->errors);
		}
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		const struct exo_nic_info *nic = &info->nic[i];

		if (nic->present) {
			printf("%s: NIC %u: %lu received, %lu unmatched, %lu dropped, %lu "
			       "transmitted, %lu refused\n",
			       exo_name(), i, nic->received, nic->unmatched, nic->dropped,
			       nic->transmitted, nic->refused);
		}
	}
}

int
main(int argc, char **argv)
{
	unsigned long seconds = argument(argc, argv, 1, SECONDS);
	unsigned long count = argument(argc, argv, 2, 0);
	const struct exo_sysinfo *info = exo_sysinfo();

	if (!info) {
		printf("%s: there is no system page\n", exo_name());
		return 1;
	}
	printf("%s: %s, %lu MiB of RAM\n", exo_name(), info->model, info->ram_bytes >> 20);
	for (unsigned long round = 0; !count || round < count; round++) {
		print_harts(info);
		print_devices(info);
		exo_pause(seconds * EXO_NS_PER_S);
	}
	return 0;
}
