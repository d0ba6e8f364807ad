/* SPDX-License-Identifier: MIT
 * run_irqs.c: `irqs`: interrupt lines and who gets them; interrupts of each hart.
 */
#include <stdio.h>

#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/tree.h"

static void
print_holder(const struct tree_cap *cap)
{
	uint64_t last = cap->info.start + cap->info.count - 1;

	printf("line %lu", cap->info.start);
	if (last > cap->info.start) {
		printf(" to %lu", last);
	}
	printf(": %s, %s\n", cap->owner,
	       cap->info.bindings                ? "who waits for it"
	       : cap->info.flags & EXO_CAPF_POOL ? "who gave some away"
						 : "unused");
}

void
run_irqs(const struct words *words)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	bool is_cut;
	uint32_t count = tree_look(&is_cut);

	(void)words;
	printf("%u lines; those that are not here are the kernel's, or nobody's\n",
	       info->irq_sources);
	for (uint32_t i = 0; i < count; i++) {
		if (tree_at(i)->info.type == EXO_CAP_IRQ) {
			print_holder(tree_at(i));
		}
	}
	for (uint32_t hart = 0; hart < info->harts; hart++) {
		printf("hart %u: %lu interrupts\n", hart, info->hart[hart].interrupts);
	}
}
