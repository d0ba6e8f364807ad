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

/* What an object of a type is made of; a leaf of a CSPACE is one of kind FRAME_LEAF. */
struct object_kind {
	uint8_t kind;  /* enum frame_kind of its first frame */
	uint8_t pages; /* 0: the type cannot be created */
};
extern const struct object_kind object_kinds[EXO_CAP_TYPES];

/* Take one bounded step at the oldest object on the dead list. Tree lock. True: another step could
 * do more; false: the list is empty, or the oldest waits for another hart (k->waiting) or a
 * device. */
bool object_bury(struct kernel *k);

/* Before something is made or given up: a step at the oldest dead object, if there is one. True if
 * nobody owes a fence, so what is unbound really is; else the call unlocks with a fence and
 * restarts. Tree lock. */
static inline bool
object_settled(struct kernel *k)
{
	if (k->dead_first) {
		object_bury(k);
		k->waiting = false;
	}
	return cap_settled(&k->tree);
}

/* Is an object on the list that died before the one with this number (kernel.dead_next)? */
bool object_any_before(const struct kernel *k, uint64_t number);

/* Link / unlink an object's use of a capability. */
static inline void
use_bind(struct captree *t, struct use *u, struct cap *c)
{
	bind_link(t, c, bind_object_id(t, u), 0);
	u->bound = 1;
}

static inline void
use_unbind(struct captree *t, struct use *u)
{
	if (u->bound) {
		bind_unlink_node(t, &u->node);
		u->bound = 0;
	}
}

#endif
