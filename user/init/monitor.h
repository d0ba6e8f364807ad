/* SPDX-License-Identifier: MIT
 * monitor.h: what init does for an environment whose manifest says `monitor`.
 */
#ifndef USER_INIT_MONITOR_H
#define USER_INIT_MONITOR_H

#include <stdbool.h>

#include "lib/exo/spawn.h"
#include "lib/manifest/manifest.h"

#define MONITOR_GIFTS_MAX 3
#define MONITOR_ARGUMENT                                                                           \
	"chitin.monitor=" /* boot argument: commands to carry out, then power off */

/* Before the first environment is started. Gives up if commands are to be carried out and nobody
 * is there for it. */
void monitor_open(const struct manifest *manifest);

/* Appends to gifts[] what a monitor gets, and forgets the one before. The new count, or an error
 * with *step telling where; then none of gifts[] is left. */
int monitor_add_gifts(struct exo_gift *gifts, int count, const char **step);

/* Tells the monitor what has changed, and does what it wants. True if that may have changed
 * something again. */
bool monitor_tend(void);

#endif
