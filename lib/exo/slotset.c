/* SPDX-License-Identifier: MIT
 * slotset.c: see slotset.h.
 */
#include "lib/exo/slotset.h"

#include <exo/errors.h>

static void
slot_add(struct exo_slotset *set, uint32_t slot)
{
	if (slot != 0 && slot < EXO_SLOTS_MAX && !bitmap_get(set->bits, slot)) {
		bitmap_set(set->bits, slot);
		set->free++;
		set->lowest = slot < set->lowest ? slot : set->lowest;
	}
}

void
exo_slotset_add(struct exo_slotset *set, uint32_t first, uint32_t end)
{
	end = end < EXO_SLOTS_MAX ? end : EXO_SLOTS_MAX;
	set->limit = end > set->limit ? end : set->limit;
	for (uint32_t slot = first; slot < end; slot++) {
		slot_add(set, slot);
	}
}

int64_t
exo_slotset_take(struct exo_slotset *set)
{
	size_t slot = bitmap_next_set(set->bits, set->limit, set->lowest);

	if (slot >= set->limit) {
		return E_NOSPACE;
	}
	bitmap_clear(set->bits, slot);
	set->free--;
	set->lowest = (uint32_t)slot + 1;
	return (int64_t)slot;
}
