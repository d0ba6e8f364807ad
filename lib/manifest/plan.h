/* SPDX-License-Identifier: MIT
 * plan.h: fits a parsed manifest to a machine, before anything is started.
 *
 * Checks what single properties cannot tell: harts, disks and NICs that are not there, blocks,
 * pages or packets that two environments want, supervisors, more pages than there are. Chooses
 * the pages of every environment that does not name them, and those of its code.
 */
#ifndef LIB_MANIFEST_PLAN_H
#define LIB_MANIFEST_PLAN_H

#include "lib/manifest/manifest.h"

#define PLAN_WARDS_MAX   4 /* of one environment: it gets a capability of each */
#define PLAN_ALIGN_PAGES 2 /* objects are aligned pairs of frames */

/* Gives every environment its frames. 0, or E_INVAL with the sentence. */
int manifest_plan(struct manifest *manifest, const struct manifest_machine *machine,
		  struct manifest_refusal *refusal);

/* How many environments the one called `name` supervises. */
uint32_t manifest_wards(const struct manifest *manifest, const char *name);

/* Fills order[] with the indices of the environments, every supervisor behind those it watches.
 * For a manifest that manifest_plan accepted. */
void manifest_order(const struct manifest *manifest, uint32_t order[MANIFEST_ENVS_MAX]);

/* How many environments listen to group-addressed packets of the NIC. */
uint32_t manifest_listeners(const struct manifest *manifest, uint32_t nic);

#endif
