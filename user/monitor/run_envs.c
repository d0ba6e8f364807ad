/* SPDX-License-Identifier: MIT
 * run_envs.c: `envs`: a line for each environment.
 */
#include <stdio.h>

#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/world.h"

static void
print_restarts(const struct roster_env *entry)
{
	if (entry->restarts == MANIFEST_RESTART_ALWAYS) {
		printf("always");
	} else if (entry->restarts) {
		printf("%u times", entry->restarts);
	} else {
		printf("never");
	}
}

static void
print_line(const struct world_env *env)
{
	const struct roster_env *entry = env->entry;

	printf("%-16s %-9s ", env->name, world_state(env));
	if (!entry) {
		printf("%6u %4u %8s  %-12s never\n", 1, exo_start()->hart, "-", MANIFEST_INIT);
		return;
	}
	printf("%6u %4u %8lu  %-12s ", entry->starts, entry->hart, entry->pages, entry->program);
	print_restarts(entry);
	printf("\n");
}

void
run_envs(const struct words *words)
{
	struct world_env env;

	(void)words;
	printf("%-16s %-9s %6s %4s %8s  %-12s %s\n", "name", "state", "starts", "hart", "pages",
	       "program", "restart");
	for (uint32_t n = 0; world_at(n, &env); n++) {
		print_line(&env);
	}
}
