/* SPDX-License-Identifier: MIT
 * cap_model.c: capabilities as an array with parent indexes; everything is found by looking at all
 * of them.
 */
#include "test/model/cap_model.h"

#include <exo/errors.h>
#include <exo/types.h>

typedef unsigned __int128 wide;

static bool
is_inside(const struct model_cap *p, uint64_t start, uint64_t count)
{
	return count && start >= p->start && (wide)start + count <= (wide)p->start + p->count;
}

/* For PACKET `start` is a set of bits, one for each packet there is. */
bool
model_overlaps(const struct model_cap *a, const struct model_cap *b)
{
	if (a->type == EXO_CAP_PACKET) {
		return a->start & b->start;
	}
	return (wide)a->start < (wide)b->start + b->count &&
	       (wide)b->start < (wide)a->start + a->count;
}

bool
model_is_below(const struct cap_model *m, int c, int above)
{
	while (m->slot[c].kind != MODEL_ROOT) {
		c = m->slot[c].parent;
		if (c == above) {
			return true;
		}
	}
	return false;
}

bool
model_has(const struct cap_model *m, int c, enum model_kind kind)
{
	for (int i = 0; i < MODEL_SLOTS; i++) {
		if (m->slot[i].type && m->slot[i].kind == kind && m->slot[i].parent == c) {
			return true;
		}
	}
	return false;
}

static bool
is_pool(const struct cap_model *m, int c)
{
	return m->slot[c].pool;
}

static bool
is_bound(const struct cap_model *m, int c)
{
	return m->slot[c].bindings || m->slot[c].shares;
}

bool
model_is_leaf(const struct cap_model *m, int c)
{
	return !model_has(m, c, MODEL_CARVED) && !model_has(m, c, MODEL_OBJECT) &&
	       !model_has(m, c, MODEL_SHARED);
}

static bool
is_tap(const struct cap_model *m, int parent, const struct model_cap *wanted)
{
	return m->slot[parent].type == EXO_CAP_PACKET && wanted->rights & EXO_PACKET_TAP;
}

bool
model_is_whole(const struct cap_model *m, int c)
{
	while (m->slot[c].kind == MODEL_CARVED) {
		c = m->slot[c].parent;
	}
	return m->slot[c].kind == MODEL_ROOT;
}

int
model_depth(const struct cap_model *m, int c)
{
	int depth = 0;

	for (; m->slot[c].kind != MODEL_ROOT; c = m->slot[c].parent) {
		depth++;
	}
	return depth;
}

static bool
is_revoked(const struct cap_model *m, int c)
{
	for (; m->slot[c].kind != MODEL_ROOT; c = m->slot[c].parent) {
		if (m->slot[c].dying) {
			return true;
		}
	}
	return m->slot[c].dying;
}

uint64_t
model_quota(const struct cap_model *m, int c)
{
	uint64_t quota = m->slot[c].count;

	for (int i = 0; i < MODEL_SLOTS && m->slot[c].type == EXO_CAP_PACKET; i++) {
		if (m->slot[i].type && m->slot[i].kind != MODEL_ROOT && m->slot[i].parent == c) {
			quota -= m->slot[i].count + 1;
		}
	}
	return quota;
}

static uint64_t
error_if(bool condition, int error)
{
	return condition ? MODEL_ERROR(error) : 0;
}

static uint64_t
derive_errors(const struct cap_model *m, int parent, int dst)
{
	return error_if(m->slot[dst].type || m->generation[dst] > 0x7fffffff, E_SLOT) |
	       error_if(model_depth(m, parent) >= MODEL_DEPTH_MAX, E_DEPTH) |
	       error_if(is_revoked(m, parent), E_REVOKED);
}

static uint64_t
authority_errors(const struct cap_model *m, int parent, const struct model_cap *wanted)
{
	return error_if(wanted->rights & ~m->slot[parent].rights, E_RIGHTS) |
	       error_if(wanted->badge && m->slot[parent].badge, E_BADGE);
}

static uint64_t
range_errors(const struct cap_model *m, int parent, const struct model_cap *wanted)
{
	if (m->slot[parent].type == EXO_CAP_PACKET) {
		return error_if((wide)wanted->count + 1 > model_quota(m, parent), E_RANGE);
	}
	return error_if(!is_inside(&m->slot[parent], wanted->start, wanted->count), E_RANGE);
}

uint64_t
model_carve(const struct cap_model *m, int parent, int dst, const struct model_cap *wanted)
{
	uint64_t errors = derive_errors(m, parent, dst) | authority_errors(m, parent, wanted) |
			  range_errors(m, parent, wanted) | error_if(is_bound(m, parent), E_BOUND) |
			  error_if(m->slot[parent].type >= EXO_CAP_ENV, E_TYPE);

	for (int i = 0; i < MODEL_SLOTS; i++) {
		const struct model_cap *c = &m->slot[i];
		bool is_child = c->type && c->kind != MODEL_ROOT && c->parent == parent;
		errors |= error_if(is_child && c->kind != MODEL_SHARED && model_overlaps(c, wanted),
				   E_TAKEN);
	}
	return errors;
}

uint64_t
model_share(const struct cap_model *m, int parent, int dst, const struct model_cap *wanted)
{
	uint64_t errors = derive_errors(m, parent, dst) | authority_errors(m, parent, wanted);

	errors |= error_if(is_pool(m, parent) && !is_tap(m, parent, wanted), E_POOL);
	if (m->slot[parent].type >= EXO_CAP_ENV) {
		return errors | error_if(wanted->start || wanted->count, E_RANGE);
	}
	return errors | range_errors(m, parent, wanted);
}

uint64_t
model_object(const struct cap_model *m, int parent, int dst, uint32_t type)
{
	return derive_errors(m, parent, dst) |
	       error_if(m->slot[parent].type != EXO_CAP_FRAME, E_TYPE) |
	       error_if(type < EXO_CAP_ENV || type >= EXO_CAP_TYPES, E_TYPE) |
	       error_if(!model_is_whole(m, parent), E_WHOLE) |
	       error_if(is_pool(m, parent), E_POOL) | error_if(is_bound(m, parent), E_BOUND);
}

uint64_t
model_move(const struct cap_model *m, int c, int dst)
{
	return error_if(m->slot[dst].type || m->generation[dst] > 0x7fffffff, E_SLOT) |
	       error_if(is_revoked(m, c), E_REVOKED);
}

uint64_t
model_use(const struct cap_model *m, int c)
{
	return error_if(is_pool(m, c), E_POOL) | error_if(is_revoked(m, c), E_REVOKED);
}

uint64_t
model_trim(const struct cap_model *m, int c, uint64_t start, uint64_t count)
{
	const struct model_cap *old = &m->slot[c];
	uint64_t errors = error_if(old->type >= EXO_CAP_PACKET, E_TYPE) |
			  error_if(is_bound(m, c), E_BOUND) | error_if(is_revoked(m, c), E_REVOKED);

	if (!is_inside(old, start, count) ||
	    (start != old->start && start + count != old->start + old->count)) {
		return errors | MODEL_ERROR(E_RANGE);
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		const struct model_cap *n = &m->slot[i];
		bool is_child = n->type && n->kind != MODEL_ROOT && n->parent == c;
		errors |= error_if(
			is_child && (n->start < start || n->start + n->count > start + count),
			E_POOL);
	}
	return errors;
}

void
model_add(struct cap_model *m, int parent, int dst, enum model_kind kind, uint32_t type,
	  const struct model_cap *wanted)
{
	const struct model_cap *p = &m->slot[parent];
	struct model_cap *c = &m->slot[dst];

	*c = *wanted;
	c->type = type;
	c->kind = kind;
	c->parent = parent;
	m->slot[parent].pool |= kind == MODEL_CARVED || kind == MODEL_OBJECT;
	m->slot[parent].shares |= kind == MODEL_SHARED && !is_tap(m, parent, wanted);
	if (type >= EXO_CAP_ENV && kind != MODEL_ROOT) {
		c->start = p->start;
		c->count = p->count;
	}
	if (kind != MODEL_ROOT && !c->badge) {
		c->badge = p->badge;
	}
	c->carve = kind == MODEL_ROOT || (kind == MODEL_CARVED && model_is_whole(m, parent))
			   ? m->carves++
			   : p->carve;
}

void
model_give(struct cap_model *m, int c, int dst)
{
	m->slot[dst] = m->slot[c];
	for (int i = 0; i < MODEL_SLOTS; i++) {
		if (m->slot[i].parent == c) {
			m->slot[i].parent = dst;
		}
	}
	model_remove(m, c);
}

void
model_remove(struct cap_model *m, int c)
{
	int parent = m->slot[c].parent;

	m->slot[c] = (struct model_cap){.type = 0};
	m->generation[c]++;
	if (m->slot[parent].type && model_is_leaf(m, parent)) {
		m->slot[parent].pool = m->slot[parent].shares = false;
	}
}
