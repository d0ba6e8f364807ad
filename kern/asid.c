/* SPDX-License-Identifier: MIT
 * asid.c: address space identifiers, one for each space while there are any.
 *
 * A space keeps its identifier for life, and the next one that gets it finds no translation of the
 * old one: a hart forgets all it knows under an identifier the first time that it enters a space
 * which has it (space_enter). So nobody needs to remember who held what, or to interrupt a hart.
 *
 * State:      the table that the caller passes; no globals.
 * Invariants: no two spaces have the same identifier but 0, which is not handed out; those that
 *             have it leave nothing behind on a hart, which forgets everything when it enters one.
 * Callers:    making and burying spaces, tree lock held. Pure: builds on the host.
 */
#include "kern/asid.h"

void
asid_init(struct asids *a, uint32_t bits)
{
	a->end = bits > 12 ? ASIDS_MAX : 1u << bits;
	a->unused = 1;
}

uint32_t
asid_take(struct asids *a)
{
	if (a->frees) {
		return a->free[--a->frees];
	}
	return a->unused < a->end ? a->unused++ : 0;
}

void
asid_release(struct asids *a, uint32_t asid)
{
	if (asid) {
		a->free[a->frees++] = (uint16_t)asid;
	}
}
