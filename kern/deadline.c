/* SPDX-License-Identifier: MIT
 * deadline.c: the deadlines of those that sleep or wait for an answer.
 *
 * State:      a tree in each hart, ordered by time.
 * Invariants: it has exactly those at home there that have a deadline.
 * Callers:    the hart whose tree it is, interrupts off.
 */
#include "kern/env.h"
#include "kern/hart.h"
#include "lib/base/checked.h"

#define DEADLINES_TURN 2 /* dealt with in one go, of some 280 instructions each */

void
hart_set_deadline(struct hart *h, struct env *e, uint64_t time)
{
	e->deadline.key = time;
	e->has_deadline = true;
	tree_insert(&h->deadlines, &e->deadline);
}

void
hart_clear_deadline(struct hart *h, struct env *e)
{
	if (e->has_deadline) {
		tree_remove(&h->deadlines, &e->deadline);
		e->has_deadline = false;
	}
}

/* There may be more than one turn allows. Whose slot this is does not wait for the others. */
static void
owner_deadline(struct hart *h, uint64_t now)
{
	struct timeline_member *m = timeline_owner(&h->timeline, now);
	struct env *owner = m ? container_of(m, struct env, member) : NULL;

	if (owner && owner->has_deadline && owner->deadline.key <= now) {
		env_timeout(owner);
	}
}

void
hart_deadlines(struct hart *h, uint64_t now)
{
	uint64_t pause = hart_pause();
	struct tree_node *first = tree_first(&h->deadlines);
	uint32_t left = DEADLINES_TURN;

	for (; left && first && first->key <= now; left--) {
		env_timeout(container_of(first, struct env, deadline));
		first = tree_first(&h->deadlines);
	}
	if (left == 0) {
		owner_deadline(h, now);
	}
	if (left < DEADLINES_TURN) {
		h->late_rest = arch_time() + (left ? pause / 5 : pause);
	}
}
