/* SPDX-License-Identifier: MIT
 * unshare.h: give one space a table of its own in the place of one that hangs in several.
 */
#ifndef KERN_UNSHARE_H
#define KERN_UNSHARE_H

#include "kern/space.h"

/* Copy entries from *from on, until about `work` (1 for an entry, 4 for a run or one alone) is
 * used up, of the table that hangs at `address` of `s` into `table`, a usable TABLE capability of
 * the same level, and advance *from; when all are copied, `table` takes its place. 0 = done,
 * UNSHARE_AGAIN = there is more; E_ALIGN, E_NOTABLE (none of that level hangs there), E_SHARED
 * (the one above is), E_BUSY (`table` hangs somewhere; or a revocation is going on and it would
 * take too long to see whether it concerns an entry), E_MAPPED (`table` is not empty).
 * Tree lock. */
#define UNSHARE_AGAIN 1
int unshare_step(struct kernel *k, struct space *s, uint64_t address, struct cap *table,
		 uint32_t *from, int work);

#endif
