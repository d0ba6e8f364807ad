/* SPDX-License-Identifier: MIT
 * slots.h: which slots of the program's own capability space are free.
 *
 * The kernel knows what each slot holds; this only saves asking. A capability that somebody else
 * revoked leaves its slot taken here until exo_slot_drop or exo_slot_free. When few slots are left
 * and the program holds its CSPACE and free frames, a leaf of 64 slots is added.
 */
#ifndef LIB_EXO_SLOTS_H
#define LIB_EXO_SLOTS_H

#include <exo/types.h>

/* Called by the start-up code: slots [first_free, slots) are free. */
void exo_slots_start(uint32_t first_free, uint32_t slots);

/* The index of an empty slot, now taken, or E_NOSPACE. */
int64_t exo_slot_take(void);

/* The slot is empty (again). */
void exo_slot_free(uint32_t slot);

/* exo_drop(handle, all), then its slot is free. E_HANDLE (it was gone already) counts as success.
 * 0 or E_BUSY. */
int exo_slot_drop(exo_handle handle);

#endif
