/* SPDX-License-Identifier: MIT
 * run_gdb.c: `gdb NAME`: the console speaks gdb's remote protocol about one environment, until gdb
 * detaches or that ends. All others go on; what they print, gdb passes over.
 *
 * init must not take an exception for its end meanwhile, and is its supervisor again afterwards.
 */
#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/gdbstub/env.h"
#include "user/monitor/command.h"
#include "user/monitor/console.h"
#include "user/monitor/world.h"

#define LOOK_NS (EXO_NS_PER_S / 10) /* an end that nobody told of is seen then */

static struct {
	struct gdb_stub stub;
	struct gdb_env env;
} gdb;

static void
serve(void)
{
	gdb_open(&gdb.stub, &gdb_env_target, &gdb.env);
	while (!gdb.stub.is_over) {
		while (console_has_input() && !gdb.stub.is_over) {
			gdb_put(&gdb.stub, console_get());
		}
		gdb_look(&gdb.stub);
		if (!gdb.stub.is_over) {
			exo_wait(EXO_EVENT(EVENT_INPUT) | EXO_EVENT(EVENT_DEBUGGED), LOOK_NS);
		}
	}
}

static bool
may_be_debugged(const struct world_env *env)
{
	if (!env->entry || env->entry->is_monitor) {
		printf("%s cannot be debugged from here, for it serves the console; see `make "
		       "gdb`\n",
		       env->name);
		return false;
	}
	return true;
}

static void
debug(const struct world_env *env)
{
	const struct exo_start *self = exo_start();
	int64_t status =
		gdb_env_open(&gdb.env, env->handle, self->console, self->env, EVENT_DEBUGGED);

	if (status < 0) {
		printf("%s cannot be debugged: %s\n", env->name, exo_error_sentence(status));
		return;
	}
	printf("%s is stopped; from here on gdb's remote protocol, until it detaches or ^D\n",
	       env->name);
	fflush(stdout);
	serve();
	gdb_env_close(&gdb.env);
	if (gdb.env.is_gone) {
		world_ask(ROSTER_KILL, env->index, 0);
	}
	printf("\n%s is not debugged any more: it is %s\n", env->name, world_state(env));
}

void
run_gdb(const struct words *words)
{
	struct world_env env;
	int status;

	if (!world_find_running(words->word[1], &env) || !may_be_debugged(&env)) {
		return;
	}
	status = world_ask(ROSTER_DEBUG, env.index, 1);
	if (status) {
		printf("%s cannot be debugged: %s\n", env.name, exo_error_sentence(status));
		return;
	}
	debug(&env);
	world_ask(ROSTER_DEBUG, env.index, 0);
}
