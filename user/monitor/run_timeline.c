/* SPDX-License-Identifier: MIT
 * run_timeline.c: `timeline`: a strip per hart that shows whose each slot is.
 *
 * The slots are those of the manifest, which init binds anew for each life; where the harts are on
 * it is `time` since the epoch.
 */
#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/world.h"

#define ROW_SLOTS 64

static struct exo_context context;

static bool
has_slot(const struct roster_env *entry, uint32_t position)
{
	for (uint32_t i = 0; i < entry->slot_count; i++) {
		const struct manifest_slots *s = &entry->slots[i];
		uint32_t behind = position - s->first;

		if (position >= s->first && behind % s->step == 0 && behind / s->step < s->count) {
			return true;
		}
	}
	return false;
}

/* The letter of an environment in the strips. */
static char
letter_of(uint32_t index)
{
	return (char)(index < 26 ? 'a' + index : 'A' + index - 26);
}

/* Whose slot it is: a letter; `-` if that one does not run; `.` if it is left to whoever takes it.
 */
static char
owner_of(uint32_t hart, uint32_t position)
{
	for (uint32_t i = 0; i < world_roster()->count; i++) {
		const struct roster_env *entry = &world_roster()->env[i];

		if (entry->hart == hart && has_slot(entry, position)) {
			return entry->state == ROSTER_RUNNING ? letter_of(i) : '-';
		}
	}
	return '.';
}

static void
print_strip(uint32_t hart, uint32_t slots)
{
	for (uint32_t i = 0; i < slots; i++) {
		if (i % ROW_SLOTS == 0) {
			printf("%shart %u %4u |", i ? "|\n" : "", hart, i);
		}
		printf("%c", owner_of(hart, i));
	}
	printf("|\n");
}

static void
print_env(uint32_t index, const struct world_env *env)
{
	printf("%c %-16s hart %u%s%s", letter_of(index), env->name, env->entry->hart,
	       env->entry->takes_slack || !env->entry->slot_count ? ", takes what is left" : "",
	       env->entry->is_quiet ? ", quiet" : "");
	if (env->handle && exo_env_read(env->handle, &context) >= 0) {
		uint64_t hz = exo_sysinfo()->timebase_hz;

		printf(", %lu turns, %lu us in them (%lu to devices), %lu overruns, %lu slots "
		       "forfeited",
		       context.slices, exo_ns_of_ticks(context.used_ticks, hz) / 1000,
		       exo_ns_of_ticks(context.stolen_ticks, hz) / 1000, context.overruns,
		       context.forfeits);
	}
	printf("\n");
}

void
run_timeline(const struct words *words)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	uint64_t turn = info->slot_ticks * info->timeline_slots;
	uint64_t now = exo_ticks() - info->timeline_epoch;
	struct world_env env;

	(void)words;
	printf("%u slots of %lu us, now in slot %lu\n", info->timeline_slots,
	       exo_ns_of_ticks(info->slot_ticks, info->timebase_hz) / 1000,
	       turn ? now % turn / info->slot_ticks : 0);
	for (uint32_t hart = 0; hart < info->harts; hart++) {
		print_strip(hart, info->timeline_slots);
	}
	for (uint32_t n = 1; world_at(n, &env); n++) {
		print_env(n - 1, &env);
	}
}
