/* SPDX-License-Identifier: MIT
 * run_top.c: `top`: what goes on, once a second, until q.
 *
 * How busy an environment is comes from looking: so many times out of so many it was ready to run.
 * State: what was counted in the round before.
 */
#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/console.h"
#include "user/monitor/world.h"

#define LOOKS      50 /* in a round */
#define LOOK_NS    (EXO_NS_PER_S / LOOKS)
#define ROUNDS_MAX 100000

static struct {
	uint32_t looks;
	uint32_t ready[MANIFEST_ENVS_MAX + 1];
	struct exo_sysinfo before;
	uint64_t began_ns;
} top;

static void
look(void)
{
	static struct exo_context context;
	struct world_env env;

	for (uint32_t n = 0; world_at(n, &env); n++) {
		if (env.handle && exo_env_read(env.handle, &context) >= 0) {
			top.ready[n] += context.state == EXO_STATE_READY;
		}
	}
	top.looks++;
}

/* Begins a round. */
static void
begin(void)
{
	top.looks = 0;
	for (uint32_t n = 0; n <= MANIFEST_ENVS_MAX; n++) {
		top.ready[n] = 0;
	}
	top.before = *exo_sysinfo();
	top.began_ns = exo_now_ns();
}

/* So many in a second, if there were `now - before` since the round began. */
static uint64_t
rate(uint64_t now, uint64_t before)
{
	uint64_t ns = exo_now_ns() - top.began_ns;

	return exo_scale(now - before, EXO_NS_PER_S, ns ? ns : 1);
}

static void
print_machine(const char *end)
{
	const struct exo_sysinfo *now = exo_sysinfo();
	const struct exo_sysinfo *then = &top.before;

	for (uint32_t i = 0; i < now->harts; i++) {
		printf("hart %u: %lu switches/s, %lu interrupts/s%s", i,
		       rate(now->hart[i].switches, then->hart[i].switches),
		       rate(now->hart[i].interrupts, then->hart[i].interrupts), end);
	}
	for (uint32_t i = 0; i < EXO_DISKS_MAX; i++) {
		if (now->disk[i].present) {
			printf("disk %u: %lu requests/s%s", i,
			       rate(now->disk[i].requests, then->disk[i].requests), end);
		}
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		if (now->nic[i].present) {
			printf("nic %u: %lu in/s, %lu out/s%s", i,
			       rate(now->nic[i].received, then->nic[i].received),
			       rate(now->nic[i].transmitted, then->nic[i].transmitted), end);
		}
	}
}

static void
print_env(uint32_t n, const struct world_env *env, const char *end)
{
	printf("%-16s %-9s %4u", env->name, world_state(env),
	       env->entry ? env->entry->hart : exo_start()->hart);
	if (env->entry && env->entry->is_monitor) {
		printf("  it looks%s", end);
	} else {
		printf("  %3u %%%s", top.looks ? top.ready[n] * 100 / top.looks : 0, end);
	}
}

static void
print_round(const char *end)
{
	struct world_env env;

	print_machine(end);
	printf("%-16s %-9s %4s  ready, of %u looks%s", "name", "state", "hart", top.looks, end);
	for (uint32_t n = 0; world_at(n, &env); n++) {
		print_env(n, &env, end);
	}
}

/* True if a key ended it. */
static bool
watch_round(void)
{
	begin();
	for (uint32_t i = 0; i < LOOKS; i++) {
		if (console_wait_key('q', LOOK_NS)) {
			return true;
		}
		look();
	}
	return false;
}

void
run_top(const struct words *words)
{
	bool is_live = words->count < 2 && !command_is_told();
	uint64_t rounds = is_live ? ROUNDS_MAX : 1;

	if (words->count > 1 && !command_number(words->word[1], "rounds", 1, ROUNDS_MAX, &rounds)) {
		return;
	}
	printf("%s", is_live ? "\033[2J\033[Hq ends it\033[K\n" : "");
	while (rounds-- && !watch_round()) {
		printf("%s", is_live ? "\033[H\033[K\n" : "");
		print_round(is_live ? "\033[K\n" : "\n");
		printf("%s", is_live ? "\033[J" : "");
	}
}
