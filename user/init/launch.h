/* SPDX-License-Identifier: MIT
 * launch.h: the manifest's words for one environment as exo_spawn wants them.
 */
#ifndef USER_INIT_LAUNCH_H
#define USER_INIT_LAUNCH_H

#include "lib/exo/spawn.h"
#include "user/init/grants.h"
#include "user/init/monitor.h"

#define LAUNCH_GIFTS_MAX (GRANTS_MAX + PLAN_WARDS_MAX + MONITOR_GIFTS_MAX)

/* Where the gifts of the next environment are to be written: LAUNCH_GIFTS_MAX of them. */
struct exo_gift *launch_gifts(void);

/* All that the manifest says of `env`; the caller adds program, pool, supervisor and how many gifts
 * there are. It stays until the next call. */
struct exo_spawn *launch_describe(const struct manifest_env *env);

#endif
