/* SPDX-License-Identifier: MIT
 * object.h: kernel objects made of donated frames, and how they come apart.
 */
#ifndef KERN_OBJECT_H
#define KERN_OBJECT_H

#include <stdbool.h>
#include "kern/env.h"
#include "kern/kernel.h"

/* The type table for captree.types. */
extern const struct cap_type object_types[EXO_CAP_TYPES];

/* Pages that an object of `type` takes, 0 if the type cannot be created. */
uint64_t object_pages(uint32_t type);
/* Give the frames of a new object their kinds. Tree lock. */
void object_mark(struct kernel *k, uint64_t page, uint32_t type, bool leaf);

/* Take one bounded step at the oldest object on the dead list. Tree lock. True: another step could
 * do more; false: the list is empty, or the oldest waits for another hart (k->waiting) or a
 * device. */
bool object_bury(struct kernel *k);

/* Is an object on the list that died before the one with this number (kernel.dead_next)? */
bool object_any_before(const struct kernel *k, uint64_t number);

/* Link / unlink an object's use of a capability. */
void use_bind(struct captree *t, struct use *u, struct cap *c);
void use_unbind(struct captree *t, struct use *u);

#endif
