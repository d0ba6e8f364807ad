/* SPDX-License-Identifier: MIT
 * launch.c: the manifest's words for one environment as exo_spawn wants them.
 *
 * State: one description, of the environment that is being started.
 */
#include "user/init/launch.h"

#include <stdio.h>
#include <string.h>

#include "user/init/monitor.h"
#include "user/init/program.h"
#include "user/init/say.h"

#define COMMANDS_START (sizeof("commands=") - 1)
#define SELF_RIGHTS                                                                                \
	(EXO_ENV_CALL | EXO_ENV_SIGNAL | EXO_ENV_YIELD | EXO_ENV_GIVE | EXO_ENV_OBSERVE |          \
	 EXO_ENV_CONTROL)

static struct {
	struct exo_spawn spawn;
	const char *args[MANIFEST_ARGS_MAX];
	const char *values[MANIFEST_ARGS_MAX + 3];
	struct exo_gift gifts[LAUNCH_GIFTS_MAX];
	char nic[16];
	char windows[8 + 20 * MANIFEST_DEVICES_MAX];
	char commands[sizeof("commands=") + EXO_BOOTARGS_BYTES];
} launch;

/* Where the registers are, for their place on the first page of each window. */
static void
launch_windows(const struct manifest_env *env)
{
	size_t used = (size_t)snprintf(launch.windows, sizeof(launch.windows), "windows=");

	for (uint32_t i = 0; i < env->window_count; i++) {
		used += (size_t)snprintf(launch.windows + used, sizeof(launch.windows) - used,
					 "%s0x%lx", i ? "," : "", env->windows[i].address);
	}
}

static void
add_value(const char *value)
{
	launch.values[launch.spawn.value_count++] = value;
}

static void
launch_strings(const struct manifest_env *env)
{
	for (uint32_t i = 0; i < env->args.count; i++) {
		launch.args[i] = manifest_string(&env->args, i);
	}
	for (uint32_t i = 0; i < env->values.count; i++) {
		launch.values[i] = manifest_string(&env->values, i);
	}
	launch.spawn.arg_count = env->args.count;
	launch.spawn.value_count = env->values.count;
	if (env->nic != MANIFEST_NO_NIC) {
		snprintf(launch.nic, sizeof(launch.nic), "nic=%u", env->nic);
		add_value(launch.nic);
	}
	if (env->window_count) {
		launch_windows(env);
		add_value(launch.windows);
	}
	if (env->is_monitor && boot_value(MONITOR_ARGUMENT, launch.commands + COMMANDS_START,
					  sizeof(launch.commands) - COMMANDS_START)) {
		memcpy(launch.commands, "commands=", COMMANDS_START);
		add_value(launch.commands);
	}
}

/* Without slots of its own it takes its turns in what is left. */
static bool
takes_slack(const struct manifest_env *env)
{
	return env->takes_slack || !env->slot_count;
}

struct exo_gift *
launch_gifts(void)
{
	return launch.gifts;
}

struct exo_spawn *
launch_describe(const struct manifest_env *env)
{
	launch.spawn = (struct exo_spawn){
		.name = env->name,
		.hart = env->hart,
		.flags = exo_start()->env_flags | (takes_slack(env) ? 0 : EXO_ENV_BOUND),
		.slot_leaves = program_leaves(env),
		.self_rights = SELF_RIGHTS,
		.args = launch.args,
		.values = launch.values,
		.gifts = launch.gifts,
		.stopped = true,
	};
	launch_strings(env);
	return &launch.spawn;
}
