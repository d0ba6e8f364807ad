/* SPDX-License-Identifier: MIT
 * asid.h: address space identifiers, one for each space while there are any.
 */
#ifndef KERN_ASID_H
#define KERN_ASID_H

#include <stdint.h>

/* More than harts have, or few enough that looking for a free one is a short loop; spaces beyond go
 * without. Identifier 0 is shared by those. */
#define ASIDS_MAX 4096u

struct asids {
	uint32_t end; /* identifiers below it exist */
	uint64_t used[ASIDS_MAX / 64];
};

/* The harts have `bits` bits for an identifier. */
void asid_init(struct asids *a, uint32_t bits);
/* The lowest free identifier; 0 if there is none. */
uint32_t asid_take(struct asids *a);
/* Another space may have it (0: nothing happens). */
void asid_release(struct asids *a, uint32_t asid);

#endif
