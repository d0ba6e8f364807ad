/* SPDX-License-Identifier: MIT
 * frame_check.h: the invariants of the frame table.
 */
#ifndef KERN_FRAME_CHECK_H
#define KERN_FRAME_CHECK_H

#include "kern/cap.h"

/* NULL or the name of what does not hold. Tree lock. */
const char *frame_check(struct captree *t);

#endif
