/* SPDX-License-Identifier: MIT
 * slotset.h: a set of slot indices, lowest first.
 *
 * Invariants: `free` is the number of set bits; every set bit is below `limit`. Pure; the state is
 * the caller's. Slot 0 never enters the set.
 */
#ifndef LIB_EXO_SLOTSET_H
#define LIB_EXO_SLOTSET_H

#include <stdint.h>

#include "lib/base/bitmap.h"

#define EXO_SLOTS_MAX 16384

struct exo_slotset {
	uint32_t limit;
	uint32_t free;
	uint32_t lowest;                            /* no free slot is below this */
	uint64_t bits[BITMAP_WORDS(EXO_SLOTS_MAX)]; /* set: free */
};

/* Adds slots [first, end), end at most EXO_SLOTS_MAX; those in the set already stay. */
void exo_slotset_add(struct exo_slotset *set, uint32_t first, uint32_t end);

/* Removes and returns the lowest slot, or E_NOSPACE. */
int64_t exo_slotset_take(struct exo_slotset *set);

#endif
