/* SPDX-License-Identifier: MIT
 * ask.h: visible revocation: ask whoever holds something to give it back.
 */
#ifndef KERN_ASK_H
#define KERN_ASK_H

#include "kern/kernel.h"

/* Post {handle, range, deadline} to the u-area of the environment that holds the first descendant
 * of c overlapping the range. 0, E_NOENT, E_BUSY (all records are in use), E_DEAD. Tree lock. */
int ask_post(struct kernel *k, const struct cap *c, uint64_t start, uint64_t count,
	     uint64_t deadline);

/* captree.lost: note in the holder's repossession vector that c is gone. */
void ask_lost(struct captree *t, const struct cap *c);

#endif
