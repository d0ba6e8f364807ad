/* SPDX-License-Identifier: MIT
 * cspace.h: capability spaces: a root frame that points to leaf frames of 64 slots.
 *
 * Invariant: every leaf pointer is a leaf frame or the one shared empty leaf, so a lookup needs no
 * test for NULL; the empty leaf is never written. Its slots, and slot 0 of every space, are
 * retired: they name nothing and cannot be filled. The frame-table entry of a leaf names its root
 * (holder).
 */
#ifndef KERN_CSPACE_H
#define KERN_CSPACE_H

#include "kern/cap.h"
#include "kern/env.h"

struct cspace {
	struct cap *leaf[EXO_LEAVES_MAX];
	uint64_t leaves;        /* hung */
	uint64_t generation;    /* that the slots of a leaf hung from now on begin with */
	struct list_node users; /* environments bound to it, the last one first */
	uint64_t spare[4];
};
_Static_assert(sizeof(struct cspace) == 4096, "a root is one frame");

/* The slot of an index, or NULL behind the last possible one. */
static inline struct cap *
cspace_slot(const struct cspace *s, uint32_t index)
{
	if (index >= EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF) {
		return NULL;
	}
	return &s->leaf[index / EXO_SLOTS_PER_LEAF][index % EXO_SLOTS_PER_LEAF];
}

/* The capability a handle names, NULL if there is none. Tree lock. */
static inline struct cap *
cspace_lookup(const struct cspace *s, exo_handle handle)
{
	uint32_t index = EXO_HANDLE_INDEX(handle);

	if (index >= EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF) {
		return NULL;
	}
	struct cap *c = &s->leaf[index / EXO_SLOTS_PER_LEAF][index % EXO_SLOTS_PER_LEAF];
	return !((c->word ^ handle) >> CAP_GENERATION_SHIFT) && cap_type(c) ? c : NULL;
}

/* An empty slot that can be filled, or NULL. Tree lock. */
static inline struct cap *
cspace_free_slot(const struct cspace *s, uint32_t index)
{
	if (index >= EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF) {
		return NULL;
	}
	struct cap *c = &s->leaf[index / EXO_SLOTS_PER_LEAF][index % EXO_SLOTS_PER_LEAF];
	return slot_is_empty(c) ? c : NULL;
}

/* The handle of what stands in slot `index`. */
static inline exo_handle
cspace_handle(const struct cap *c, uint32_t index)
{
	return c->word >> CAP_GENERATION_SHIFT << 32 | index;
}

void cspace_init(struct cspace *s);
/* Is a leaf hung where slot `index`, which is possible, would be? */
bool cspace_has_leaf(const struct cspace *s, uint32_t index);
/* e is bound to s. */
void cspace_use(struct cspace *s, struct env *e);
/* The living environment bound to it last, who is asked and told, or NULL. */
struct env *cspace_user(struct cspace *s);
/* Is there a place for a leaf at `leaf_index`? 0, E_RANGE, E_SLOT (taken). Then hang a zeroed leaf
 * frame there. */
int cspace_can_hang(const struct cspace *s, uint64_t leaf_index);
void cspace_hang(struct captree *t, struct cspace *s, uint32_t leaf_index, struct cap *leaf);
/* Take a leaf out of its root, if it is in one. */
void cspace_unhang(struct captree *t, struct cap *leaf);
/* Take all leaves out of a root. */
void cspace_clear(struct captree *t, struct cspace *s);

#endif
