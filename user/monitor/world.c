/* SPDX-License-Identifier: MIT
 * world.c: the environments there are, as init's roster has them, and what init does on request.
 *
 * State: the two areas that init shares. The order of stores is that of user/init/roster.h.
 */
#include "user/monitor/world.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/slots.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define ANSWER_NS (10 * EXO_NS_PER_S)

static struct {
	const struct roster *roster;
	struct roster_request *request;
} world;

static struct exo_context context;

/* Slots where init may put a capability of each environment. */
static bool
hello(void)
{
	for (uint32_t i = 0; i < world.roster->count; i++) {
		int64_t slot = exo_slot_take();

		if (slot < 0) {
			printf("there are too few slots for capabilities; raise cspace-slots in "
			       "the "
			       "manifest\n");
			return false;
		}
		world.request->slots[i] = (uint32_t)slot;
	}
	return world_ask(ROSTER_HELLO, 0, 0) == 0;
}

bool
world_open(void)
{
	uint64_t roster = 0;
	uint64_t request = 0;
	int status =
		exo_vm_map(exo_own_vm(), exo_start()->roster, 0, ROSTER_PAGES, EXO_READ, &roster);

	status = status ? status
			: exo_vm_map(exo_own_vm(), exo_start()->requests, 0, 1,
				     EXO_READ | EXO_WRITE, &request);
	if (status) {
		printf("the roster of init cannot be read: %s; write `monitor;` into the "
		       "manifest\n",
		       exo_error_sentence(status));
		return false;
	}
	world.roster = (const struct roster *)roster;
	world.request = (struct roster_request *)request;
	return world.roster->magic == ROSTER_MAGIC && hello();
}

const struct roster *
world_roster(void)
{
	return world.roster;
}

bool
world_at(uint32_t n, struct world_env *env)
{
	const struct roster_env *entry = &world.roster->env[n - 1];

	if (!n) {
		*env = (struct world_env){WORLD_INIT, MANIFEST_INIT, NULL, exo_start()->supervisor};
		return true;
	}
	if (n > world.roster->count) {
		return false;
	}
	*env = (struct world_env){n - 1, entry->name, entry,
				  __atomic_load_n(&entry->env, __ATOMIC_ACQUIRE)};
	return true;
}

bool
world_find(const char *name, struct world_env *env)
{
	for (uint32_t n = 0; world_at(n, env); n++) {
		if (!strcmp(env->name, name)) {
			return true;
		}
	}
	printf("there is no environment \"%s\"; envs lists them\n", name);
	return false;
}

bool
world_find_running(const char *name, struct world_env *env)
{
	if (!world_find(name, env)) {
		return false;
	}
	if (!env->handle) {
		printf("%s does not run: it is %s\n", env->name, world_state(env));
	}
	return env->handle != EXO_NONE;
}

bool
world_context(const struct world_env *env, struct exo_context *to)
{
	int64_t status = exo_env_read(env->handle, to);

	if (status < 0) {
		printf("%s cannot be looked at: %s\n", env->name, exo_error_sentence(status));
	}
	return status >= 0;
}

const char *
world_state(const struct world_env *env)
{
	static const char *const states[] = {
		[EXO_STATE_STOPPED] = "stopped",   [EXO_STATE_READY] = "ready",
		[EXO_STATE_SLEEPING] = "sleeping", [EXO_STATE_DEAD] = "dead",
		[EXO_STATE_FAULTED] = "faulted",   [EXO_STATE_OPEN] = "open",
		[EXO_STATE_CALLING] = "calling",
	};
	static const char *const rests[] = {
		[ROSTER_WAITING] = "waiting",
		[ROSTER_RUNNING] = "beginning",
		[ROSTER_ENDING] = "ending",
		[ROSTER_OVER] = "over",
	};
	uint32_t rest = env->entry ? env->entry->state : (uint32_t)ROSTER_OVER;

	if (env->handle && exo_env_read(env->handle, &context) >= 0 &&
	    context.state < ARRAY_SIZE(states)) {
		return states[context.state];
	}
	return rest < ARRAY_SIZE(rests) ? rests[rest] : "unknown";
}

int
world_ask(enum roster_wish wish, uint32_t index, uint32_t slot)
{
	uint32_t serial = world.request->serial + 1;
	uint64_t end_ns = exo_now_ns() + ANSWER_NS;

	fflush(stdout);
	world.request->wish = wish;
	world.request->index = index;
	world.request->slot = slot;
	world.request->bit = EVENT_ANSWER;
	__atomic_store_n(&world.request->serial, serial, __ATOMIC_RELEASE);
	exo_signal(exo_start()->supervisor, 1ul << EVENT_MONITOR);
	while (__atomic_load_n(&world.roster->answered, __ATOMIC_ACQUIRE) != serial) {
		uint64_t now_ns = exo_now_ns();

		if (now_ns >= end_ns) {
			return E_TIMEOUT;
		}
		exo_wait(EXO_EVENT(EVENT_ANSWER), end_ns - now_ns);
	}
	return world.roster->result;
}
