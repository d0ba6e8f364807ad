/* SPDX-License-Identifier: MIT
 * cap_revoker.c: revocations of cap_world.h, step by step, with all that a step may and must do.
 */
#include "test/model/cap_world.h"

#define UNBINDS_MAX 16
#define LOOKS       4 /* UNBIND_MAX of kern/revoke.c: behind so many that wait it does not look */

static bool
is_in_scope(const struct world *w, const struct world_revoker *r, int c)
{
	if (!w->model.slot[c].type || !model_is_below(&w->model, c, r->cap)) {
		return false;
	}
	while (w->model.slot[c].parent != r->cap) {
		c = w->model.slot[c].parent;
	}
	const struct model_cap range = {
		.type = EXO_CAP_FRAME, .start = r->start, .count = r->count};
	return !r->count || model_overlaps(&range, &w->model.slot[c]);
}

/* Has any revocation looked at c, so that it may be given up sooner? */
static bool
is_touched(const struct world *w, int c)
{
	const struct cap *found = world_cap(w, c);
	const struct cap *parent = cap_parent(&w->tree, found);

	return found->word & CAP_STUCK || (parent && (found->mark ^ parent->word) & CAP_TURN);
}

void
world_revoke(struct world *w, world_draw draw, void *from)
{
	struct world_revoker *r = &w->revoker[draw(from, WORLD_REVOKERS)];
	int c = world_draw_filled(w, draw, from);

	/* Some callers die before they have finished. */
	if (r->active && draw(from, 8)) {
		return;
	}
	if (w->model.slot[c].kind == MODEL_ROOT && draw(from, 4)) {
		return;
	}
	/* The roots stay, or the rest of the run is dull. */
	*r = (struct world_revoker){
		.active = true, .cap = c, .pristine = true, .generation = w->model.generation[c]};
	if (!draw(from, 4)) {
		world_draw_range(&w->model.slot[c], draw, from, &r->start, &r->count);
	} else {
		r->drop = w->model.slot[c].kind != MODEL_ROOT && draw(from, 4);
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		r->pristine &= !(is_in_scope(w, r, i) || i == r->cap) || !is_touched(w, i);
	}
	w->done[OP_REVOKE]++;
}

/* Do so many bindings on the way to one capability wait that it does not look behind them? */
static bool
many_wait(const struct world *w, const struct world_revoker *r)
{
	int waiting[MODEL_SLOTS] = {0};
	bool many = false;

	for (int i = 0; i < WORLD_BINDINGS; i++) {
		if (w->binding[i].cap >= 0 && w->binding[i].busy) {
			waiting[w->binding[i].cap]++;
		}
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		int on_the_way = 0;

		for (int c = i; is_in_scope(w, r, c); c = w->model.slot[c].parent) {
			on_the_way += waiting[c];
		}
		many |= on_the_way + waiting[r->cap] >= LOOKS;
	}
	return many;
}

/* What must be left when revocation says E_BUSY: something that waits; if nothing else stirred,
 * nothing but that. */
static void
check_busy(struct world *w, const struct world_revoker *r)
{
	bool waits = false, all_wait = true;

	for (int i = 0; i < WORLD_BINDINGS; i++) {
		int c = w->binding[i].cap;
		bool in_scope = c >= 0 && (is_in_scope(w, r, c) || (c == r->cap && !r->count));
		waits |= in_scope && w->binding[i].busy;
		all_wait &= !in_scope || w->binding[i].busy;
	}
	world_expect(w, waits, "E_BUSY but nothing waits");
	for (int i = 0; i < MODEL_SLOTS; i++) {
		all_wait &= !is_in_scope(w, r, i) || w->model.slot[i].bindings ||
			    !model_is_leaf(&w->model, i);
	}
	world_expect(w, all_wait || !r->pristine || many_wait(w, r),
		     "E_BUSY but not everything else is gone");
}

/* Find what a step took away, and whether it was allowed to. */
static void
reap(struct world *w, const struct world_revoker *r, bool was_settled)
{
	int gone = -1;

	for (int i = 0; i < MODEL_SLOTS; i++) {
		if (!w->model.slot[i].type || cap_type(world_cap(w, i))) {
			continue;
		}
		bool is_self = r->drop && i == r->cap;
		world_expect(w, gone < 0, "two capabilities left in one step");
		world_expect(w, is_self || is_in_scope(w, r, i),
			     "a capability left that was not revoked");
		world_expect(w, was_settled, "a capability left before the fence");
		world_expect(w, model_is_leaf(&w->model, i) && !w->model.slot[i].bindings,
			     "a capability left that was in use");
		world_expect(w, w->lost == (is_self ? -1 : i),
			     "lost was not told, or told wrongly");
		gone = i;
	}
	bool has_destroy = gone >= 0 && w->tree.types[w->model.slot[gone].type].destroy;
	world_expect(w, w->destroyed == (has_destroy ? gone : -1),
		     "destroy was not called, or wrongly");
	world_expect(w, gone >= 0 || w->lost < 0,
		     "lost was told of a capability that is still there");
	world_expect(w, w->unbound <= UNBINDS_MAX, "too many bindings broken in one step");
	if (gone >= 0) {
		model_remove(&w->model, gone);
	}
}

/* The marks that a step must have set or taken off. */
static void
follow_marks(struct world *w, const struct world_revoker *r, int result)
{
	struct model_cap *c = &w->model.slot[r->cap];

	if (r->count) {
		for (int i = 0; i < MODEL_SLOTS; i++) {
			struct model_cap *m = &w->model.slot[i];
			if (is_in_scope(w, r, i) && m->parent == r->cap &&
			    world_cap(w, i)->word & CAP_LEAVING) {
				m->dying = true;
				m->leaving = true;
			}
		}
	} else if (c->type) {
		c->dying = result == CAP_AGAIN || r->drop || c->leaving;
		c->leaving |= r->drop;
	}
}

static void
check_finished(struct world *w, const struct world_revoker *r, bool was_settled)
{
	world_expect(w, was_settled, "finished before the fence");
	if (r->drop) {
		world_expect(w, !w->model.slot[r->cap].type, "dropped but still there");
		return;
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		world_expect(w, !is_in_scope(w, r, i), "finished but a descendant is left");
	}
	world_expect(w, r->count || !w->model.slot[r->cap].bindings,
		     "finished but a binding is left");
}

static bool
range_is_wrong(const struct cap_model *m, const struct world_revoker *r)
{
	const struct model_cap *c = &m->slot[r->cap];

	if (!r->count) {
		return false;
	}
	return c->type >= EXO_CAP_PACKET || model_has(m, r->cap, MODEL_SHARED) ||
	       r->start < c->start || r->count > c->count ||
	       r->start - c->start > c->count - r->count;
}

void
world_revoke_step(struct world *w, world_draw draw, void *from)
{
	struct world_revoker *r = &w->revoker[draw(from, WORLD_REVOKERS)];
	bool was_settled = cap_settled(&w->tree);

	if (!r->active || r->generation != w->model.generation[r->cap]) {
		r->active = false;
		return;
	}
	bool is_wrong = range_is_wrong(&w->model, r);
	struct cap *c = world_cap(w, r->cap);
	int result = r->drop ? cap_drop_step(&w->tree, c)
			     : cap_revoke_step(&w->tree, c, r->start, r->count, &r->from);
	world_expect(w, (result == E_RANGE) == is_wrong, "E_RANGE");
	if (result == E_RANGE) {
		w->refused[-E_RANGE]++;
		r->active = false;
		return;
	}
	reap(w, r, was_settled);
	follow_marks(w, r, result);
	r->active = result == CAP_AGAIN;
	if (result == E_BUSY) {
		check_busy(w, r);
		w->refused[-E_BUSY]++;
		for (int i = 0; i < WORLD_REVOKERS; i++) {
			w->revoker[i].pristine = false;
		}
	} else if (result == 0) {
		check_finished(w, r, was_settled);
		w->done[OP_STEP]++;
	} else {
		world_expect(w, result == CAP_AGAIN, "a step answered something unknown");
	}
}
