/* SPDX-License-Identifier: MIT
 * paranoid.h: all invariants of what the tree lock guards, for CONFIG_PARANOID.
 */
#ifndef KERN_PARANOID_H
#define KERN_PARANOID_H

struct kernel;

/* Panics with the name of the first invariant that does not hold. Tree lock held; walks all of
 * RAM's frame table. */
void paranoid_check(struct kernel *k);

#endif
