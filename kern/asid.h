/* SPDX-License-Identifier: MIT
 * asid.h: address space identifiers, one for each space while there are any.
 */
#ifndef KERN_ASID_H
#define KERN_ASID_H

#include <stdint.h>

/* Spaces beyond go without. Identifier 0 is shared by those. */
#define ASIDS_MAX 4096u

struct asids {
	uint32_t end;    /* identifiers below it exist */
	uint32_t unused; /* those from here on were never taken */
	uint32_t frees;  /* those before it that are free, the last one released last: */
	uint16_t free[ASIDS_MAX];
};

/* The harts have `bits` bits for an identifier. */
void asid_init(struct asids *a, uint32_t bits);
/* A free identifier; 0 if there is none. */
uint32_t asid_take(struct asids *a);
/* Another space may have it (0: nothing happens). */
void asid_release(struct asids *a, uint32_t asid);

#endif
