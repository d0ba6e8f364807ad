/* SPDX-License-Identifier: MIT
 * world.h: the environments there are, as init's roster has them, and what init does on request.
 */
#ifndef USER_MONITOR_WORLD_H
#define USER_MONITOR_WORLD_H

#include <stdbool.h>

#include "user/init/roster.h"

#define EVENT_INPUT    0 /* event bits of the monitor */
#define EVENT_ANSWER   1
#define EVENT_DEBUGGED 2

#define WORLD_INIT     UINT32_MAX /* the index of init, which is not in the roster */

/* An environment, as commands want it. */
struct world_env {
	uint32_t index; /* in the roster, or WORLD_INIT */
	const char *name;
	const struct roster_env *entry; /* NULL: init */
	exo_handle handle;              /* ENV, or EXO_NONE while it does not run */
};

/* Maps the roster and tells init where capabilities can be put. False, with a sentence, without
 * them. */
bool world_open(void);

const struct roster *world_roster(void);

/* The n-th environment, init first; false behind the last. */
bool world_at(uint32_t n, struct world_env *env);

/* The one called `name`. False, with a sentence, if there is none. */
bool world_find(const char *name, struct world_env *env);

/* The same, and it runs. */
bool world_find_running(const char *name, struct world_env *env);

/* The context of one that runs; false, with a sentence, if it is gone meanwhile. */
bool world_context(const struct world_env *env, struct exo_context *context);

/* "ready", "sleeping", ... or what init says of one that does not run. */
const char *world_state(const struct world_env *env);

/* Has init do something; returns its result, or E_TIMEOUT. */
int world_ask(enum roster_wish wish, uint32_t index, uint32_t slot);

#endif
