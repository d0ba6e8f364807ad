/* SPDX-License-Identifier: MIT
 * grants.h: derives from init's capabilities what one environment is to hold.
 *
 * Disk blocks, packets and pages for code are carved: nobody else has them. Console, what is
 * published, the copies of group-addressed packets and taps are shared. All of it ends with the
 * environment's capability space.
 */
#ifndef USER_INIT_GRANTS_H
#define USER_INIT_GRANTS_H

#include "lib/exo/spawn.h"
#include "lib/manifest/plan.h"

/* Console, system page, frame table, clock page, trace, code, blocks, packets. */
#define GRANTS_MAX (6 + MANIFEST_EXTENTS_MAX + MANIFEST_PACKETS_MAX + 2 * MANIFEST_DEVICES_MAX)

/* Once, before the first environment. Gives up if a NIC does not take the filter. */
void grants_open(const struct manifest *manifest);

/* Fills gifts[] for exo_spawn and returns how many. On an error, which it returns instead, nothing
 * is left behind and *what names the step that failed, as "carve its disk blocks". */
int grants_make(const struct manifest_env *env, struct exo_gift gifts[GRANTS_MAX],
		const char **what);

/* Appends to gifts[] a share of init's `parent`, an object or pages, as the start page's `field`.
 * The new count, or an error as above. */
int grants_add_share(struct exo_gift *gifts, int count, exo_handle parent, uint64_t rights,
		     size_t field, const char **what);

#endif
