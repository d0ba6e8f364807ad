/* SPDX-License-Identifier: MIT
 * slots.h: which slots of each hart's timeline are bound to whom. See slots.c.
 */
#ifndef KERN_SLOTS_H
#define KERN_SLOTS_H

#include "kern/env.h"
#include "kern/kernel.h"

/* A position of a timeline, in memory that bindings can name. Tree lock. */
struct slot {
	struct use use;  /* of the SLOT capability, at the first position of a binding */
	struct env *env; /* whose it is; NULL: nobody's */
	uint32_t count;  /* positions of the binding, at the first one */
	bool is_quiet;
};

/* Bytes of cleared memory that slots_boot() wants for so many harts. */
#define SLOTS_BYTES(harts) ((harts) * (uint64_t)CONFIG_TIMELINE_SLOTS * sizeof(struct slot))

/* Boot. */
void slots_boot(void *memory);

/* Bind the positions that `c` names, all of e's home hart, to e, which lives. 0, E_BUSY (one of
 * them is bound, perhaps through another share). Tree lock for all but slots_follow. */
int slots_bind(struct env *e, struct cap *c, bool is_quiet);
/* The binding of `c`, NULL if there is none. */
struct use *slots_use_of(const struct captree *t, const struct cap *c);
/* End a binding; use_unbind is the caller's. */
void slots_lost(struct kernel *k, struct use *u);
/* e goes: end one of its bindings. False if it has none. */
bool slots_orphan(struct env *e);

/* This hart: let its timeline follow some of what has changed; h->slots_changed says if there is
 * more. Takes the tree lock. */
void slots_follow(struct hart *h);

#endif
