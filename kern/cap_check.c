/* SPDX-License-Identifier: MIT
 * cap_check.c: the named invariants of the capability tree.
 *
 * Two walks, both without recursion. The first proves each link before it follows it: whatever a
 * link down names must have its link up, and a node has only one of those, so the walk cannot go
 * in circles even in a broken tree. The second walks the proven tree in order and checks what the
 * capabilities say. Callers:    tests after every step, the kernel under CONFIG_PARANOID, with the
 * tree lock held. Pure: builds on the host.
 */
#include "kern/cap.h"
#include "kern/sibling.h"

struct rule {
	const char *name;
	bool (*holds)(struct captree *t, const struct cap *c,
		      const struct cap *parent); /* parent: NULL for a root */
};

static uint32_t
flags_of(const struct cap *c, uint64_t mask)
{
	return (uint32_t)(c->word & mask);
}

static uint64_t
depth_of(const struct cap *c)
{
	return c->word >> CAP_DEPTH_SHIFT & CAP_DEPTH_MASK;
}

static bool
id_is_ram(const struct captree *t, uint32_t id)
{
	return id < t->pages * EXO_SLOTS_PER_LEAF;
}

/* --- first walk: links --- */

/* True if the link `id` down from c is 0 or is answered by a link up that says `up`. */
static bool
link_holds(const struct captree *t, uint32_t id, uint32_t up)
{
	return !id || (id_is_ram(t, id) && cap_at(t, id)->up == up);
}

static bool
links_hold(const struct captree *t, const struct cap *c)
{
	uint32_t id = cap_id(t, c);

	return link_holds(t, c->child, CAP_PARENT | id) && link_holds(t, c->left, id) &&
	       link_holds(t, c->right, id) && (!c->left || c->left != c->right);
}

const struct cap *
cap_next_below(const struct captree *t, const struct cap *root, const struct cap *c)
{
	uint32_t down = c->child               ? c->child
			: c != root && c->left ? c->left
			: c != root            ? c->right
					       : 0;

	while (!down && c != root) {
		const struct cap *above = cap_at(t, c->up & ~CAP_PARENT);
		uint32_t id = cap_id(t, c);
		if (above == root) {
			return NULL;
		}
		if (c->up & CAP_PARENT) {
			down = above->left ? above->left : above->right;
		} else if (above->left == id) {
			down = above->right;
		}
		c = above;
	}
	return down ? cap_at(t, down) : NULL;
}

/* --- second walk: what the capabilities say --- */

static bool
slot_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	(void)parent;
	return cap_type(c) && cap_type(c) < EXO_CAP_TYPES && !(c->word & CAP_RETIRED);
}

static bool
type_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	if (c->word & CAP_OBJECT) {
		return parent && cap_type(parent) == EXO_CAP_FRAME && cap_is_object(c) &&
		       !c->left && !c->right;
	}
	return !parent || cap_type(c) == cap_type(parent);
}

static bool
depth_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	return depth_of(c) == (parent ? depth_of(parent) + 1 : 0) && depth_of(c) <= CAP_DEPTH_MAX;
}

static bool
range_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	if (!parent || cap_is_predicate(c)) {
		return true;
	}
	if (cap_is_object(c)) {
		return c->start == parent->start && c->count == parent->count;
	}
	return cap_holds(parent, c->start, c->count);
}

static bool
rights_hold(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	return !parent || c->word & CAP_OBJECT || !(cap_rights(c) & ~cap_rights(parent));
}

static bool
badge_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	return !parent || !parent->badge || c->badge == parent->badge;
}

/* A share, an object and what was carved below a share stem from the same carve as their parent,
 * any other carved child from one of its own, younger than its parent's. */
static bool
carve_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	if (parent && (c->word & (CAP_SHARED | CAP_OBJECT) || !(parent->word & CAP_WHOLE))) {
		return c->carve == parent->carve;
	}
	return c->carve < t->next_carve && c->carve > (parent ? parent->carve : FRAME_HOLDER_NONE);
}

static bool
whole_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	if (c->word & CAP_OBJECT) {
		return flags_of(parent, CAP_WHOLE) && !flags_of(c, CAP_WHOLE);
	}
	return !flags_of(c, CAP_WHOLE) ==
	       (parent && (c->word & CAP_SHARED || !flags_of(parent, CAP_WHOLE)));
}

static bool
kind_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	uint64_t expected = !parent ? 0 : c->word & CAP_SHARED ? CAP_SHARES : CAP_POOL;
	bool is_tap = c->word & CAP_SHARED && cap_is_tap(c, cap_rights(c));

	return (!parent || is_tap || (parent->word & (CAP_POOL | CAP_SHARES)) == expected) &&
	       (c->child || !(c->word & (CAP_POOL | CAP_SHARES))) &&
	       (parent || !(c->word & CAP_SHARED));
}

static bool
pool_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)t;
	(void)parent;
	return !(c->word & CAP_POOL) || !c->bindings;
}

static bool
order_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	const struct cap *next = parent ? sibling_next(t, c) : NULL;

	if (!next) {
		return true;
	}
	if (c->word & CAP_SHARED && !cap_is_predicate(c)) {
		return c < next;
	}
	return cap_is_predicate(c) ? c->start <= next->start : c->start + c->count <= next->start;
}

/* Intervals that are in order are disjoint; predicates must be asked in pairs. */
static bool
disjoint_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	if (!parent || c->word & CAP_SHARED || !cap_is_predicate(c)) {
		return true;
	}
	for (const struct cap *s = sibling_next(t, c); s; s = sibling_next(t, s)) {
		if (!(s->word & CAP_SHARED) && !t->types[cap_type(c)].is_disjoint(t, c, s)) {
			return false;
		}
	}
	return true;
}

/* The first sibling is black, and below a red one there is no red one. */
static bool
colour_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	return !parent || !sibling_is_red(c) ||
	       (!(c->up & CAP_PARENT) && !sibling_is_red(cap_at(t, c->up)));
}

/* How many black ones stand from c up to the top of its siblings? */
static int
blacks(const struct captree *t, const struct cap *c)
{
	int n = !sibling_is_red(c);

	while (!(c->up & CAP_PARENT)) {
		c = cap_at(t, c->up);
		n += !sibling_is_red(c);
	}
	return n;
}

/* Every way from the top of the siblings to an open end has as many black ones as the leftmost. */
static bool
balance_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	return !parent || (c->left && c->right) ||
	       blacks(t, c) == blacks(t, sibling_first(t, parent));
}

/* Where all are done, all are below. */
static bool
turn_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	const struct cap *above = parent && !(c->up & CAP_PARENT) ? cap_at(t, c->up) : NULL;

	return !above || !((above->mark ^ parent->word) & CAP_TURN) ||
	       !((above->mark ^ c->mark) & CAP_TURN);
}

static bool
dying_holds(struct captree *t, const struct cap *c, const struct cap *parent)
{
	(void)parent;
	return (!(c->word & (CAP_LEAVING | CAP_STUCK)) || c->word & CAP_DYING) &&
	       (!(c->word & CAP_DYING) || t->revocations);
}

/* A list that goes in a circle would give one node two links back. */
static bool
bindings_hold(struct captree *t, const struct cap *c, const struct cap *parent)
{
	uint32_t prev = BIND_CAP | cap_id(t, c);

	(void)parent;
	for (uint32_t id = c->bindings; id; id = bind_at(t, id)->next & ~BIND_WRITABLE) {
		if (bind_at(t, id)->prev != prev) {
			return false;
		}
		prev = id;
	}
	return true;
}

static const struct rule rules[] = {
	{"slot is filled", slot_holds},
	{"child has its parent's type", type_holds},
	{"depth is its parent's plus 1", depth_holds},
	{"child within parent", range_holds},
	{"rights subset", rights_hold},
	{"badge inherited", badge_holds},
	{"carve id", carve_holds},
	{"whole means carved at every step", whole_holds},
	{"kinds not mixed", kind_holds},
	{"pool is unbound", pool_holds},
	{"siblings in order", order_holds},
	{"carved siblings disjoint", disjoint_holds},
	{"first sibling and below a red one is black", colour_holds},
	{"as many black ones on every way", balance_holds},
	{"done means done below", turn_holds},
	{"dying is counted", dying_holds},
	{"bindings linked both ways", bindings_hold},
};

const char *
cap_check(struct captree *t, const struct cap *root)
{
	if (root->up || root->left || root->right) {
		return "root has neither parent nor siblings";
	}
	for (const struct cap *c = root; c; c = cap_next_below(t, root, c)) {
		if (!links_hold(t, c)) {
			return "links down have links up";
		}
	}
	for (const struct cap *c = root; c; c = cap_next_below(t, root, c)) {
		const struct cap *parent = cap_parent(t, c);
		for (const struct rule *r = rules; r < rules + sizeof(rules) / sizeof(rules[0]);
		     r++) {
			if (!r->holds(t, c, parent)) {
				return r->name;
			}
		}
	}
	return NULL;
}

uint32_t
cap_count_dying(const struct captree *t, const struct cap *root)
{
	uint32_t dying = 0;

	for (const struct cap *c = root; c; c = cap_next_below(t, root, c)) {
		dying += c->word & CAP_DYING ? 1 : 0;
	}
	return dying;
}
