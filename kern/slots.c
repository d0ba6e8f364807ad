/* SPDX-License-Identifier: MIT
 * slots.c: which slots of each hart's timeline are bound to whom.
 *
 * The table here is what capabilities are bound in, under the tree lock, by any hart. Each hart
 * runs by a timeline of its own (timeline.c), which nobody else touches; it follows the table when
 * it is told that it has changed, at the end of the call or at once by an IPI. So a slot that was
 * taken is used for that long at most.
 *
 * State:      the table, made at boot.
 * Invariants: the positions of a binding have the same environment, which lives or is not yet
 *             buried, and whose home is that hart.
 * Callers:    kern/sys, revocation, burial: tree lock held.
 */
#include "kern/slots.h"
#include "kern/object.h"
#include "lib/base/store.h"

#define FOLLOW_TURN 16 /* positions that a hart follows in one go, of some 25 instructions each */
#define COST_LOST   30 /* of losing a binding, with what its hart does then; captree.work */

static struct slot *slots;

void
slots_boot(void *memory)
{
	slots = memory;
}

static struct slot *
slot_of(uint64_t hart, uint64_t position)
{
	return &slots[hart * CONFIG_TIMELINE_SLOTS + position];
}

static struct slot *
first_of(const struct cap *c)
{
	return slot_of(c->start >> EXO_SLOT_HART_SHIFT, (uint32_t)c->start);
}

/* `h` is to look at these positions. */
static void
tell(struct hart *h, uint32_t position, uint32_t count)
{
	if (h->changed_end == 0 || position < h->changed_begin) {
		h->changed_begin = position;
	}
	if (position + count > h->changed_end) {
		h->changed_end = position + count;
	}
	store_release(&h->slots_changed, 1);
	hart_poke(h);
}

int
slots_bind(struct env *e, struct cap *c, bool is_quiet)
{
	struct slot *first = first_of(c);

	for (uint64_t i = 0; i < c->count; i++) {
		if (first[i].env) {
			return E_BUSY;
		}
	}
	for (uint64_t i = 0; i < c->count; i++) {
		first[i].env = e;
		first[i].is_quiet = is_quiet;
	}
	first->count = (uint32_t)c->count;
	first->use.kind = USE_SLOT;
	use_bind(&e->kernel->tree, &first->use, c);
	e->slots++;
	tell(e->hart, (uint32_t)c->start, (uint32_t)c->count);
	return 0;
}

struct use *
slots_use_of(const struct captree *t, const struct cap *c)
{
	struct slot *first = first_of(c);

	return c->bindings == bind_object_id(t, &first->use) ? &first->use : NULL;
}

void
slots_lost(struct kernel *k, struct use *u)
{
	struct slot *first = container_of(u, struct slot, use);
	uint64_t number = (uint64_t)(first - slots);
	struct hart *h = &k->hart[number / CONFIG_TIMELINE_SLOTS];

	k->tree.work += COST_LOST;
	first->env->slots--;
	for (uint32_t i = 0; i < first->count; i++) {
		first[i].env = NULL;
	}
	tell(h, number % CONFIG_TIMELINE_SLOTS, first->count);
}

bool
slots_orphan(struct env *e)
{
	for (uint32_t i = 0; e->slots && i < CONFIG_TIMELINE_SLOTS; i++) {
		struct slot *s = slot_of(e->hart->number, i);

		if (s->env == e && s->use.bound) {
			slots_lost(e->kernel, &s->use);
			use_unbind(&e->kernel->tree, &s->use);
			return true;
		}
	}
	return false;
}

/* Most of the positions between the first and the last one that changed are as they were. */
static void
follow(struct hart *h, uint32_t begin, uint32_t end)
{
	const struct slot *s = slot_of(h->number, begin);

	for (uint32_t i = begin; i < end; i++, s++) {
		const struct timeline_position *p = &h->timeline.at[i];
		struct timeline_member *owner =
			s->env && !env_is_off(s->env) ? &s->env->member : NULL;

		if (p->owner != owner || p->is_quiet != s->is_quiet) {
			timeline_set(&h->timeline, i, owner, s->is_quiet);
		}
	}
}

void
slots_follow(struct hart *h)
{
	uint32_t end;

	hart_sync(h); /* who passed a turn on gave of what was his then */
	kernel_lock(h->kernel);
	end = h->changed_begin + FOLLOW_TURN;
	if (end >= h->changed_end) {
		end = h->changed_end;
		h->changed_end = 0;
		store_relaxed(&h->slots_changed, 0);
	}
	follow(h, h->changed_begin, end);
	h->changed_begin = end;
	kernel_unlock(h->kernel);
	timeline_measure(&h->timeline);
	h->slice_end = 0;
}
