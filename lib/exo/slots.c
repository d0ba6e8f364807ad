/* SPDX-License-Identifier: MIT
 * slots.c: the free slots of the program's own capability space; see slots.h.
 *
 * Growth needs two slots itself (the leaf's frame and its object), so it begins while RESERVE slots
 * are left; `growing` keeps it from starting inside itself.
 */
#include "lib/exo/slots.h"

#include <stdbool.h>

#include "lib/exo/call.h"
#include "lib/exo/frames.h"
#include "lib/exo/lock.h"
#include "lib/exo/slotset.h"
#include "lib/exo/start.h"

#define RESERVE 4

static struct {
	struct exo_slotset set;
	bool growing;
} slots;

void
exo_slots_start(uint32_t first_free, uint32_t end)
{
	exo_slotset_add(&slots.set, first_free, end);
}

/* Adds one leaf. On failure everything stays as it is; the next take tries again. */
static void
leaf_add(void)
{
	uint32_t limit = slots.set.limit;
	exo_handle leaf;

	if (limit % EXO_SLOTS_PER_LEAF || limit >= EXO_SLOTS_MAX || !exo_start() ||
	    exo_start()->cspace == EXO_NONE) {
		return;
	}
	if (exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, exo_start()->cspace,
			      limit / EXO_SLOTS_PER_LEAF, &leaf, NULL) == 0) {
		exo_slotset_add(&slots.set, limit, limit + EXO_SLOTS_PER_LEAF);
	}
}

int64_t
exo_slot_take(void)
{
	int64_t slot;

	exo_library_lock();
	if (slots.set.free <= RESERVE && !slots.growing) {
		slots.growing = true;
		leaf_add();
		slots.growing = false;
	}
	slot = exo_slotset_take(&slots.set);
	exo_library_unlock();
	return slot;
}

void
exo_slot_free(uint32_t slot)
{
	exo_library_lock();
	exo_slotset_add(&slots.set, slot, slot + 1);
	exo_library_unlock();
}

int
exo_slot_drop(exo_handle handle)
{
	int64_t result = exo_drop(handle, 0, 0);

	if (result < 0 && result != E_HANDLE) {
		return (int)result;
	}
	exo_slot_free(EXO_HANDLE_INDEX(handle));
	return 0;
}
