/* SPDX-License-Identifier: MIT
 * slots.h: whether the slots that environments want are there, and free.
 */
#ifndef LIB_MANIFEST_SLOTS_H
#define LIB_MANIFEST_SLOTS_H

#include "lib/manifest/manifest.h"

/* Checks environment `index`; those before it are good. 0, or E_INVAL with the sentence. */
int manifest_check_slots(const struct manifest *manifest, uint32_t index,
			 const struct manifest_machine *machine, struct manifest_refusal *refusal);

#endif
