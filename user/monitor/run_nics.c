/* SPDX-License-Identifier: MIT
 * run_nics.c: `nics`: the NICs of this machine and what has gone through them.
 */
#include <stdio.h>

#include "lib/exo/start.h"
#include "user/monitor/command.h"

static void
print_nic(uint32_t number, const struct exo_nic_info *nic)
{
	const uint8_t *mac = nic->mac;

	printf("%-3u %-11s %02x:%02x:%02x:%02x:%02x:%02x %9lu %9lu %9lu %11lu %8lu %5u\n", number,
	       nic->device, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], nic->received,
	       nic->unmatched, nic->dropped, nic->transmitted, nic->refused, nic->rings);
}

void
run_nics(const struct words *words)
{
	const struct exo_sysinfo *info = exo_sysinfo();

	(void)words;
	printf("NIC device      MAC                received unmatched   dropped transmitted  "
	       "refused rings\n");
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		if (info->nic[i].present) {
			print_nic(i, &info->nic[i]);
		}
	}
}
