/* SPDX-License-Identifier: MIT
 * devices.h: finds the devices that an environment names by their `compatible` strings.
 */
#ifndef LIB_MANIFEST_DEVICES_H
#define LIB_MANIFEST_DEVICES_H

#include "lib/manifest/manifest.h"

/* Fills in the registers and lines of environment `index`; those before it have theirs. 0, or
 * E_INVAL with the sentence. */
int manifest_devices(struct manifest *manifest, uint32_t index,
		     const struct manifest_machine *machine, struct manifest_refusal *refusal);

#endif
