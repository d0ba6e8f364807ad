/* SPDX-License-Identifier: MIT
 * run_act.c: `kill`, `revoke`, `stop`, `resume`, `reboot`, `poweroff`: the commands that change
 * something.
 *
 * Stop and resume are calls on the monitor's own share of an ENV. What the manifest's policy or
 * init's capabilities are needed for is asked of init.
 */
#include <stdio.h>
#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/world.h"

#define SLOTS (EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF)

static bool
is_init(const struct world_env *env, const char *what)
{
	if (!env->entry) {
		printf("init cannot be %s: all others came from it; poweroff ends them all\n",
		       what);
	}
	return !env->entry;
}

void
run_kill(const struct words *words)
{
	struct world_env env;
	int status;

	if (!world_find_running(words->word[1], &env) || is_init(&env, "killed")) {
		return;
	}
	status = world_ask(ROSTER_KILL, env.index, 0);
	if (status == E_STATE) {
		printf("%s does not run any more\n", env.name);
	} else if (status) {
		printf("%s could not be killed: %s\n", env.name, exo_error_sentence(status));
	}
}

static const char *
revoke_sentence(int status)
{
	switch (status) {
	case E_UNSUPPORTED:
		return "it is one of several shares, an object, or packets; kill takes all back";
	case E_HANDLE:
		return "it was derived by an environment, not by init; revoke what it came from";
	case E_NOENT:
		return "the slot is empty; caps lists those that are not";
	default:
		return exo_error_sentence(status);
	}
}

void
run_revoke(const struct words *words)
{
	struct world_env env;
	uint64_t slot;
	int status;

	if (!world_find_running(words->word[1], &env) || is_init(&env, "revoked from") ||
	    !command_number(words->word[2], "slot", 1, SLOTS - 1, &slot)) {
		return;
	}
	status = world_ask(ROSTER_REVOKE, env.index, (uint32_t)slot);
	if (status) {
		printf("slot %lu of %s was not revoked: %s\n", slot, env.name,
		       revoke_sentence(status));
	} else {
		printf("slot %lu of %s was revoked\n", slot, env.name);
	}
}

void
run_stop(const struct words *words)
{
	struct world_env env;
	int64_t status;

	if (!world_find_running(words->word[1], &env) || is_init(&env, "stopped")) {
		return;
	}
	if (env.entry->is_monitor) {
		printf("the monitor cannot stop itself, for nobody could resume it\n");
		return;
	}
	status = exo_env_stop(env.handle);
	if (status) {
		printf("%s was not stopped: %s\n", env.name, exo_error_sentence(status));
	}
}

void
run_resume(const struct words *words)
{
	struct world_env env;
	int64_t status;

	if (!world_find_running(words->word[1], &env) || is_init(&env, "resumed")) {
		return;
	}
	status = exo_env_start(env.handle);
	if (status == E_STATE) {
		printf("%s is not stopped: it is %s\n", env.name, world_state(&env));
	} else if (status) {
		printf("%s was not resumed: %s\n", env.name, exo_error_sentence(status));
	}
}

static void
power(enum exo_power_how how)
{
	int64_t status;

	fflush(stdout);
	status = exo_power(exo_start()->console, how);
	printf("this board cannot do that: %s\n", exo_error_sentence(status));
}

void
run_power_off(const struct words *words)
{
	(void)words;
	power(EXO_POWER_OFF);
}

void
run_reboot(const struct words *words)
{
	(void)words;
	power(EXO_POWER_REBOOT);
}

/* As init has it where there is no monitor. */
void
run_power(const struct words *words)
{
	if (!strcmp(words->word[1], "off")) {
		power(EXO_POWER_OFF);
	} else if (!strcmp(words->word[1], "reboot")) {
		power(EXO_POWER_REBOOT);
	} else {
		printf("power \"%s\": it must be off or reboot\n", words->word[1]);
	}
}
