/* SPDX-License-Identifier: MIT
 * ask.c: visible revocation: the ask records and the repossession vector in the u-area of a
 * holder.
 *
 * The holder of a slot is found from its leaf: the frame table names the leaf's root, and the root
 * knows the environment that uses it (the last one bound that lives, if several share it). A u-area
 * is user data: what is read here is only compared with zero or used as an index after a check.
 * Callers: tree lock held.
 */
#include "kern/ask.h"
#include "kern/cspace.h"
#include "lib/base/checked.h"
#include "lib/base/store.h"

#define EVENT_ASK 62 /* event bit of the holder */

static struct cspace *
space_of_slot(const struct captree *t, const struct cap *c)
{
	const struct frame *f = frame_at(t, arch_physical(c) >> PAGE_SHIFT);

	/* a leaf on the dead list (spare) has the list's link in `holder` */
	return f->kind == FRAME_LEAF && !f->spare && f->holder
		       ? arch_ram(f->holder & ~(PAGE_SIZE - 1))
		       : NULL;
}

static exo_handle
handle_of(const struct captree *t, const struct cap *c)
{
	uint64_t leaf = frame_at(t, arch_physical(c) >> PAGE_SHIFT)->holder & (PAGE_SIZE - 1);
	uint32_t slot = (uint32_t)((arch_physical(c) & (PAGE_SIZE - 1)) / sizeof(*c));

	return cspace_handle(c, (uint32_t)leaf * EXO_SLOTS_PER_LEAF + slot);
}

/* The first descendant that somebody else may hold: the first child that overlaps the range. */
static const struct cap *
first_holder(const struct captree *t, const struct cap *c, uint64_t start, uint64_t count)
{
	const struct cap *child = c->word & CAP_POOL ? cap_child_from(t, c, start)
				  : c->child         ? cap_at(t, c->child)
						     : NULL;

	return child && range_overlaps(child->start, child->count, start, count) ? child : NULL;
}

int
ask_post(struct kernel *k, const struct cap *c, uint64_t start, uint64_t count, uint64_t deadline)
{
	const struct cap *held = first_holder(&k->tree, c, start, count);
	struct cspace *s = held ? space_of_slot(&k->tree, held) : NULL;
	struct env *e = s ? cspace_user(s) : NULL;
	struct exo_uarea *u;

	if (!e) {
		return s ? E_DEAD : E_NOENT;
	}
	u = env_uarea(e);
	for (uint32_t i = 0; i < EXO_ASKS; i++) {
		if (!__atomic_load_n(&u->asks[i].handle, __ATOMIC_ACQUIRE)) {
			u->asks[i].start = start;
			u->asks[i].count = count;
			u->asks[i].deadline = deadline;
			store_release(&u->asks[i].handle, handle_of(&k->tree, held));
			env_signal(e, 1ul << EVENT_ASK);
			return 0;
		}
	}
	return E_BUSY;
}

void
ask_lost(struct captree *t, const struct cap *c)
{
	struct cspace *s = space_of_slot(t, c);
	struct env *e = s ? cspace_user(s) : NULL;
	struct exo_uarea *u;
	uint64_t n;

	if (!e) {
		return;
	}
	u = env_uarea(e);
	n = __atomic_load_n(&u->repossessed, __ATOMIC_ACQUIRE);
	if (n >= EXO_REPOSSESSIONS) {
		u->repossessed_overflow = 1;
		return;
	}
	u->repossessions[n] = (struct exo_repossession){handle_of(t, c), c->start, c->count};
	store_release(&u->repossessed, n + 1);
}
