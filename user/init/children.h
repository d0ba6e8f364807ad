/* SPDX-License-Identifier: MIT
 * children.h: the environments of the manifest, from their pools to their end.
 *
 * init is single-threaded: it calls children_tend whenever EVENT_CHILD was raised or the time that
 * it returned has passed, and children_done after that.
 */
#ifndef USER_INIT_CHILDREN_H
#define USER_INIT_CHILDREN_H

#include <stdbool.h>

#include "lib/manifest/plan.h"

#define EVENT_CHILD 0 /* event bit: some environment has ended */

/* Finds and checks every program and carves every pool. Gives up at the first that is not right;
 * nothing runs yet. The manifest must stay in place. */
void children_prepare(const struct manifest *manifest);

/* Starts them all. Gives up if one cannot be built. */
void children_start(void);

/* Reports those that have ended, gives their pages back, starts those again that are due. Returns
 * for how many nanoseconds there is nothing to do. */
uint64_t children_tend(void);

/* True when the manifest's work is over; *how is then what to power off with. */
bool children_done(unsigned *how);

/* Ends the environment `name`; its restart policy applies. False if none of that name runs. */
bool children_kill(const char *name);

/* While the environment at `index` is debugged, an exception is not its end. Afterwards it has its
 * supervisor again. Of one that does not run nothing is done. True if that has changed. */
bool children_debug(uint32_t index, bool is_debugged);

enum child_state {
	CHILD_WAITING, /* it is to be started again */
	CHILD_RUNNING,
	CHILD_ENDING, /* a device still transfers from or to its memory */
	CHILD_OVER,
};

/* How the environment at `index` is doing; false behind the last. */
struct child_view {
	const struct manifest_env *env;
	enum child_state state;
	uint32_t starts;
	exo_handle handle; /* ENV, of a running one */
};
bool children_show(uint32_t index, struct child_view *view);

/* Prints a line for each. */
void children_list(void);

#endif
