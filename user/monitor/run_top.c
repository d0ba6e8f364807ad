/* SPDX-License-Identifier: MIT
 * run_top.c: `top`: what goes on, once a second, until q.
 *
 * The kernel counts the time of an environment's turns; of how much it wanted to run the looks
 * tell: so many times out of so many it was ready.
 *
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
	uint64_t used[MANIFEST_ENVS_MAX + 1]; /* ticks of the life that `handle` names */
	exo_handle handle[MANIFEST_ENVS_MAX + 1];
	struct exo_sysinfo before;
	uint64_t began_ns;
} top;

static struct exo_context context;

/* Remembers what it has used so far. */
static void
note_used(uint32_t n, const struct world_env *env)
{
	top.handle[n] = env->handle;
	if (env->handle && exo_env_read(env->handle, &context) >= 0) {
		top.used[n] = context.used_ticks;
	}
}

static void
look(void)
{
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
	struct world_env env;

	top.looks = 0;
	for (uint32_t n = 0; world_at(n, &env); n++) {
		top.ready[n] = 0;
		note_used(n, &env);
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

/* Its share of a hart since the round began, in tenths of a percent. */
static uint64_t
share(uint64_t ticks)
{
	uint64_t ns = exo_now_ns() - top.began_ns;

	return exo_scale(exo_ns_of_ticks(ticks, exo_start()->timebase_hz), 1000, ns ? ns : 1);
}

/* What it has used since then, and altogether. A life that began in this round has used all of it
 * in it. */
static void
print_used(uint32_t n, const struct world_env *env)
{
	uint64_t before = env->handle == top.handle[n] ? top.used[n] : 0;
	uint64_t tenths;
	uint64_t ms;

	if (!env->handle || exo_env_read(env->handle, &context) < 0) {
		printf(" %7s %11s", "-", "-");
		return;
	}
	tenths = share(context.used_ticks - before);
	ms = exo_ns_of_ticks(context.used_ticks, exo_start()->timebase_hz) / 1000000;
	printf(" %3lu.%lu %% %7lu.%03lu s", tenths / 10, tenths % 10, ms / 1000, ms % 1000);
}

static void
print_env(uint32_t n, const struct world_env *env, const char *end)
{
	printf("%-16s %-9s %4u", env->name, world_state(env),
	       env->entry ? env->entry->hart : exo_start()->hart);
	print_used(n, env);
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
	printf("%-16s %-9s %4s %7s %13s  ready, of %u looks%s", "name", "state", "hart", "share",
	       "time", top.looks, end);
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
