/* SPDX-License-Identifier: MIT
 * cap_ops.c: the operations of cap_world.h, each on the real tree and on the model; revocation is
 * in cap_revoker.c.
 */
#include "test/model/cap_world.h"

#include <string.h>

/* Out of 64 draws. */
static const uint8_t op_odds[OP_COUNT] = {
	[OP_CARVE] = 14, [OP_SHARE] = 5,  [OP_OBJECT] = 3, [OP_MOVE] = 4,
	[OP_BIND] = 6,   [OP_UNBIND] = 3, [OP_TRIM] = 2,   [OP_REVOKE] = 4,
	[OP_STEP] = 18,  [OP_SETTLE] = 4, [OP_BUSY] = 1,
};

/* `result` of operation `op` against what the model allows. True if it succeeded. */
static bool
judge(struct world *w, enum world_op op, int result, uint64_t errors)
{
	if (result == 0) {
		world_expect(w, errors == 0, "succeeded where the model refuses");
		w->done[op]++;
		return !errors;
	}
	world_expect(w, result < 0 && result > -64 && errors & MODEL_ERROR(result),
		     "refused with an error that has no reason");
	if (result < 0 && result > -64) {
		w->refused[-result]++;
	}
	return false;
}

int
world_draw_filled(struct world *w, world_draw draw, void *from)
{
	int first = (int)draw(from, MODEL_SLOTS);

	for (int i = 0; i < MODEL_SLOTS; i++) {
		if (w->model.slot[(first + i) % MODEL_SLOTS].type) {
			return (first + i) % MODEL_SLOTS;
		}
	}
	return 0;
}

/* Mostly one that can be derived from. */
static int
draw_parent(struct world *w, world_draw draw, void *from)
{
	int c = world_draw_filled(w, draw, from);

	for (int i = 0; i < 6 && (w->model.slot[c].type >= EXO_CAP_ENV ||
				  model_move(&w->model, c, c) & MODEL_ERROR(E_REVOKED));
	     i++) {
		c = world_draw_filled(w, draw, from);
	}
	return c;
}

/* Mostly empty. */
static int
draw_slot(struct world *w, world_draw draw, void *from)
{
	int first = (int)draw(from, MODEL_SLOTS);

	if (!draw(from, 8)) {
		return first;
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		if (!w->model.slot[(first + i) % MODEL_SLOTS].type) {
			return (first + i) % MODEL_SLOTS;
		}
	}
	return first;
}

/* Mostly sensible names: near the parent's, short, sometimes far too long. */
void
world_draw_range(const struct model_cap *p, world_draw draw, void *from, uint64_t *start,
		 uint64_t *count)
{
	if (p->type == EXO_CAP_PACKET) {
		*start = 1ul << draw(from, WORLD_PACKETS) |
			 (draw(from, 4) ? 0 : 1ul << draw(from, WORLD_PACKETS));
		*count = draw(from, 64) ? draw(from, 5) : UINT64_MAX - draw(from, 2);
		return;
	}
	uint64_t first = p->count ? draw(from, p->count) : 0;
	*start = p->start + first;
	*count = p->count ? 1 + draw(from, p->count - first) : 0;
	if (!draw(from, 16)) {
		*start -= draw(from, 2);
		*count = draw(from, 2) ? *count + 1 : UINT64_MAX - draw(from, 2);
	}
}

static void
draw_wanted(struct world *w, int parent, world_draw draw, void *from, struct model_cap *wanted)
{
	const struct model_cap *p = &w->model.slot[parent];

	memset(wanted, 0, sizeof(*wanted));
	wanted->rights = draw(from, 8) ? p->rights : draw(from, EXO_RIGHTS_ALL + 1);
	wanted->badge = draw(from, 8) ? 0 : 1 + draw(from, 5);
	wanted->type = p->type;
	if (p->type < EXO_CAP_ENV || !draw(from, 16)) {
		world_draw_range(p, draw, from, &wanted->start, &wanted->count);
	}
}

static void
op_carve(struct world *w, world_draw draw, void *from)
{
	int parent = draw_parent(w, draw, from);
	int dst = draw_slot(w, draw, from);
	uint64_t way = 12345;
	struct model_cap wanted;

	draw_wanted(w, parent, draw, from, &wanted);
	uint64_t errors = model_carve(&w->model, parent, dst, &wanted);
	int result = cap_carve(&w->tree, world_cap(w, parent), world_cap(w, dst), wanted.start,
			       wanted.count, wanted.rights, wanted.badge, &way);
	if (judge(w, OP_CARVE, result, errors)) {
		model_add(&w->model, parent, dst, MODEL_CARVED, wanted.type, &wanted);
	}
	bool is_end = wanted.type == EXO_CAP_PACKET && way == 0;
	for (int i = 0; i < MODEL_SLOTS && result == E_TAKEN; i++) {
		const struct model_cap *m = &w->model.slot[i];
		is_end |= m->type == wanted.type && m->parent == parent &&
			  model_overlaps(m, &wanted) && m->start + m->count == way;
		is_end |= m->kind == MODEL_OBJECT && m->parent == parent &&
			  m->start + m->count == way;
	}
	world_expect(w, result == E_TAKEN ? is_end : way == 12345, "the end of what is in the way");
}

static void
op_share(struct world *w, world_draw draw, void *from)
{
	int parent = draw_parent(w, draw, from);
	int dst = draw_slot(w, draw, from);
	struct model_cap wanted;

	draw_wanted(w, parent, draw, from, &wanted);
	uint64_t errors = model_share(&w->model, parent, dst, &wanted);
	int result = cap_share(&w->tree, world_cap(w, parent), world_cap(w, dst), wanted.start,
			       wanted.count, wanted.rights, wanted.badge);
	if (judge(w, OP_SHARE, result, errors)) {
		model_add(&w->model, parent, dst, MODEL_SHARED, wanted.type, &wanted);
	}
}

static void
op_object(struct world *w, world_draw draw, void *from)
{
	static const uint32_t kinds[] = {EXO_CAP_ENV,   EXO_CAP_TABLE, EXO_CAP_ENV,
					 EXO_CAP_TABLE, EXO_CAP_BLOCK, EXO_CAP_TYPES};
	int frames = draw_parent(w, draw, from);
	int dst = draw_slot(w, draw, from);
	uint32_t type = kinds[draw(from, 6)];
	const struct model_cap wanted = {.rights = EXO_RIGHTS_ALL};

	for (int i = 0; i < 8 && model_object(&w->model, frames, dst, type); i++) {
		frames = draw_parent(w, draw, from);
	}
	uint64_t errors = model_object(&w->model, frames, dst, type);
	if (judge(w, OP_OBJECT, cap_object(&w->tree, world_cap(w, frames), world_cap(w, dst), type),
		  errors)) {
		model_add(&w->model, frames, dst, MODEL_OBJECT, type, &wanted);
	}
}

static void
op_move(struct world *w, world_draw draw, void *from)
{
	int c = world_draw_filled(w, draw, from);
	int dst = draw_slot(w, draw, from);
	uint64_t errors = model_move(&w->model, c, dst);

	if (!judge(w, OP_MOVE, cap_move(&w->tree, world_cap(w, c), world_cap(w, dst)), errors)) {
		return;
	}
	model_give(&w->model, c, dst);
	for (int i = 0; i < WORLD_BINDINGS; i++) {
		if (w->binding[i].cap == c) {
			w->binding[i].cap = dst;
		}
	}
}

static void
op_bind(struct world *w, world_draw draw, void *from)
{
	int c = world_draw_filled(w, draw, from);
	int i = (int)draw(from, WORLD_BINDINGS);
	bool writable = !(i & 1) && draw(from, 2);

	if (!judge(w, OP_BIND, cap_usable(&w->tree, world_cap(w, c)), model_use(&w->model, c)) ||
	    w->binding[i].cap >= 0) {
		return;
	}
	bind_link(&w->tree, world_cap(w, c), world_binding_id(w, i), writable ? BIND_WRITABLE : 0);
	w->binding[i] =
		(struct world_binding){.cap = c, .writable = writable, .busy = !draw(from, 4)};
	w->model.slot[c].bindings++;
}

/* Their holder ends a binding, or the device a request. */
static void
op_unbind(struct world *w, world_draw draw, void *from)
{
	int i = (int)draw(from, WORLD_BINDINGS);
	int c = w->binding[i].cap;

	if (c < 0) {
		return;
	}
	world_expect(w, bind_cap(&w->tree, world_binding_id(w, i)) == world_cap(w, c), "bind_cap");
	bind_unlink(&w->tree, world_binding_id(w, i));
	w->model.slot[c].bindings--;
	w->binding[i].cap = -1;
	w->done[OP_UNBIND]++;
	for (int r = 0; r < WORLD_REVOKERS; r++) {
		w->revoker[r].pristine = false;
	}
}

static void
op_trim(struct world *w, world_draw draw, void *from)
{
	int c = world_draw_filled(w, draw, from);
	struct model_cap *m = &w->model.slot[c];
	uint64_t start = m->start, count = draw(from, m->count + 2);
	uint64_t where = draw(from, 3);

	if (where) { /* at the end, or in the middle */
		start += where == 1 ? m->count - count : 1;
	}
	if (judge(w, OP_TRIM, cap_trim(&w->tree, world_cap(w, c), start, count),
		  model_trim(&w->model, c, start, count))) {
		m->start = start;
		m->count = count;
	}
}

/* The caller fences, or another hart begins or ends its own fence. */
static void
op_settle(struct world *w, world_draw draw, void *from)
{
	w->tree.broken = false;
	w->fenced = draw(from, 8);
	w->done[OP_SETTLE]++;
}

static void
op_busy(struct world *w, world_draw draw, void *from)
{
	struct world_binding *b = &w->binding[draw(from, WORLD_BINDINGS)];

	b->busy = !b->busy && !draw(from, 4);
	for (int r = 0; r < WORLD_REVOKERS; r++) {
		w->revoker[r].pristine = false;
	}
	w->done[OP_BUSY]++;
}

static enum world_op
draw_op(world_draw draw, void *from)
{
	uint64_t n = draw(from, 64);
	int op = 0;

	while (op < OP_COUNT - 1 && n >= op_odds[op]) {
		n -= op_odds[op++];
	}
	return (enum world_op)op;
}

const char *
world_step(struct world *w, world_draw draw, void *from)
{
	static void (*const ops[OP_COUNT])(struct world *, world_draw, void *) = {
		[OP_CARVE] = op_carve,   [OP_SHARE] = op_share,      [OP_OBJECT] = op_object,
		[OP_MOVE] = op_move,     [OP_BIND] = op_bind,        [OP_UNBIND] = op_unbind,
		[OP_TRIM] = op_trim,     [OP_REVOKE] = world_revoke, [OP_STEP] = world_revoke_step,
		[OP_SETTLE] = op_settle, [OP_BUSY] = op_busy,
	};
	static struct cap before[MODEL_SLOTS];
	uint64_t refused = 0;

	w->lost = w->destroyed = -1;
	w->unbound = 0;
	for (int i = 0; i < 64; i++) {
		refused += w->refused[i];
	}
	memcpy(before, world_cap(w, 0), sizeof(before));
	enum world_op op = draw_op(draw, from);
	ops[op](w, draw, from);
	for (int i = 0; i < 64; i++) {
		refused -= w->refused[i];
	}
	if (refused && op != OP_STEP) {
		world_expect(w, !memcmp(before, world_cap(w, 0), sizeof(before)),
			     "a refused call changed something");
	}
	return world_compare(w);
}
