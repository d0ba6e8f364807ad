/* SPDX-License-Identifier: MIT
 * predicate.h: wake-up predicates: downloaded code that says whether a sleeper is to wake.
 */
#ifndef KERN_PREDICATE_H
#define KERN_PREDICATE_H

#include "kern/arena.h"
#include "kern/env.h"

/* e's predicate is program p, loaded in `code`; it reads `bytes` at `memory`, which `with` names
 * (NULL: nothing). It has none yet. Tree lock, as everywhere here. */
void predicate_bind(struct env *e, struct program *p, struct cap *code, struct cap *with,
		    const void *memory, uint32_t bytes);
/* No longer; whoever sleeps by it wakes. E_STATE: it has none. */
int predicate_unbind(struct env *e);
/* One of its uses is being broken: the same, but both stay bound until they are unbound. */
void predicate_lost(struct use *u);

/* Program p goes, perhaps by another capability than those that it was bound by: the next one of
 * those whose predicate it is learns of it. False: nobody is left. */
bool predicate_program_lost(struct program *p);

/* Home hart: is e to wake? Then *tag says why: what the program returned, EXO_TAG_FAULT if it ended
 * early, 0 if it is gone. */
bool predicate_holds(const struct env *e, uint64_t *tag);
/* Home hart: e falls asleep by its predicate, or does so no longer. */
void predicate_wait(struct env *e);
static inline void
predicate_done(struct env *e)
{
	if (e->predicate.waits) {
		e->predicate.waits = false;
		e->hart->by_predicate--;
	}
}

/* The named invariants of e, on its home hart: NULL or the one that does not hold. */
const char *predicate_check(const struct env *e);

#endif
