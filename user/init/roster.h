/* SPDX-License-Identifier: MIT
 * roster.h: the two areas that init and a monitor share: what init says of all environments, and
 * what the monitor wants of it.
 *
 * Only init writes the roster. Names and numbers of the manifest never change; each of the other
 * words is one store. A request: the monitor fills it in, stores a new `serial` last and raises
 * init's event EVENT_MONITOR; init carries it out, stores `result` and then `answered`, and raises
 * the event that the monitor named. init reads each word of a request once and believes none of
 * them.
 */
#ifndef USER_INIT_ROSTER_H
#define USER_INIT_ROSTER_H

#include <exo/types.h>

#include "lib/manifest/manifest.h"

#define ROSTER_MAGIC  0x7265747352696843ul
#define ROSTER_PAGES  2
#define ROSTER_NAME   (MANIFEST_NAME_MAX + 1)

#define EVENT_MONITOR 2 /* event bit of init: the monitor wants something */

enum roster_state {
	ROSTER_WAITING = 0, /* it is to be started again */
	ROSTER_RUNNING = 1,
	ROSTER_ENDING = 2,
	ROSTER_OVER = 3,
};

struct roster_env {
	char name[ROSTER_NAME];
	char program[ROSTER_NAME];
	uint64_t first_page; /* its memory */
	uint64_t pages;
	exo_handle
		env; /* in the monitor's capability space: OBSERVE, CONTROL, SIGNAL; or EXO_NONE */
	uint32_t state; /* enum roster_state */
	uint32_t starts;
	uint32_t restarts; /* MANIFEST_RESTART_ALWAYS: for ever */
	uint32_t hart;
	uint32_t takes_slack;
	uint32_t is_quiet;
	uint32_t is_monitor;
	uint32_t slot_count;
	struct manifest_slots slots[MANIFEST_SLOTS_MAX]; /* on the timeline of its hart */
};

struct roster {
	uint64_t magic;
	uint32_t count;
	uint32_t answered; /* serial of the last request */
	int32_t result;    /* of it: 0 or an error */
	uint32_t spare[3];
	struct roster_env env[MANIFEST_ENVS_MAX];
};
_Static_assert(sizeof(struct roster) <= ROSTER_PAGES * EXO_PAGE_SIZE, "roster layout");

enum roster_wish {
	ROSTER_HELLO = 1,  /* here I am: slots[] are free for capabilities of the environments */
	ROSTER_KILL = 2,   /* end environment `index`; its restart policy applies */
	ROSTER_REVOKE = 3, /* take the capability in slot `slot` of environment `index` */
	ROSTER_DEBUG =
		4, /* slot 1: the monitor looks after it, exceptions are not its end; 0: no more
		    */
};

struct roster_request {
	uint32_t serial;
	uint32_t wish;
	uint32_t index;
	uint32_t slot;
	uint32_t bit;                      /* event of the monitor that tells of the answer */
	uint32_t slots[MANIFEST_ENVS_MAX]; /* of its capability space, for each environment one */
};

#endif
