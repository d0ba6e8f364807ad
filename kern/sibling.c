/* SPDX-License-Identifier: MIT
 * sibling.c: the children of one capability as a red-black tree.
 *
 * A search tree, here by start (carved children) or by slot (shared ones), whose members are red or
 * black: the top is black, below red stands only black, and on every way from the top to an open
 * end are as many black ones. So no way is more than twice as long as another: with n siblings at
 * most 2 log2(n + 1), whatever was made and dropped in which order. Putting in turns at most twice,
 * taking out three times. A new one is red, and a red one with nothing below may go at once: so who
 * carves and drops at one place moves at most two others, but for the first time.
 *
 * CAP_TURN in `mark` says something of a place and all below it; see revoke.c.
 *
 * State:      the fields up, left, right, mark of the slots and `child` of their parent.
 * Invariants: order, colours, and each link down has its link up; see cap_check().
 * Callers:    cap.c, revoke.c and cap_check.c, with the tree lock held. Pure: builds on the host.
 */
#include "kern/sibling.h"

/* Predicates have names of their own, so carved ones and taps (cap.c) can stand among each other.
 */
static bool
is_before(const struct cap *a, const struct cap *b)
{
	return a->word & CAP_SHARED && !cap_is_predicate(a) ? a < b : a->start < b->start;
}

static bool
is_red(const struct captree *t, uint32_t id)
{
	return id && sibling_is_red(cap_at(t, id));
}

/* On which side of the one above does c stand? */
static uint32_t
side_of(const struct captree *t, const struct cap *above, const struct cap *c)
{
	return above->right == cap_id(t, c);
}

/* --- turning ------------------------------------------------------------------------------ */
/* Put `id` (or 0) where c is, below whatever is above c. */
static void
replace(const struct captree *t, const struct cap *c, uint32_t id)
{
	*sibling_link(t, c) = id;
	if (id) {
		cap_at(t, id)->up = c->up;
	}
}

/* Turn c above the one that is above it. They exchange their colours. What has CAP_TURN at the old
 * place above has it everywhere below, so the lower of the two may keep its own. */
static void
raise(const struct captree *t, struct cap *c)
{
	struct cap *x = cap_at(t, c->up);
	uint32_t side = side_of(t, x, c);
	uint32_t between = c->side[!side];
	uint32_t mark = x->mark;

	*sibling_link(t, x) = cap_id(t, c);
	c->up = x->up;
	c->side[!side] = cap_id(t, x);
	x->up = cap_id(t, c);
	x->side[side] = between;
	if (between) {
		cap_at(t, between)->up = cap_id(t, x);
	}
	x->mark = (mark & ~SIBLING_RED) | (c->mark & SIBLING_RED);
	c->mark = mark;
}

/* Is there a red one beside p, below the same g? Then all three change their colours, and it is g
 * that may be below a red one. */
static bool
recolour(const struct captree *t, struct cap *g, const struct cap *p)
{
	if (!is_red(t, g->side[!side_of(t, g, p)])) {
		return false;
	}
	cap_at(t, g->left)->mark &= ~SIBLING_RED;
	cap_at(t, g->right)->mark &= ~SIBLING_RED;
	if (!(g->up & CAP_PARENT)) {
		g->mark |= SIBLING_RED;
	}
	return true;
}

/* c, which is red, may be below a red one. */
static __attribute__((noinline)) void
balance(const struct captree *t, struct cap *c)
{
	struct cap *p, *g;

	for (;;) {
		if (c->up & CAP_PARENT || !is_red(t, c->up)) {
			return;
		}
		p = cap_at(t, c->up);
		g = cap_at(t, p->up);
		if (!recolour(t, g, p)) {
			break;
		}
		c = g;
	}
	if (side_of(t, p, c) != side_of(t, g, p)) {
		raise(t, c);
		p = c;
	}
	raise(t, p);
}

/* g, the red p below it and c below that are alone: the middle one goes to where g is, the others
 * below it. The same could be done with raise(), but this is what carve has to do most often. */
static void
spread(const struct captree *t, struct cap *g, uint32_t g_id, struct cap *p, struct cap *c)
{
	uint32_t side = g->right != 0;
	uint32_t id = c->up;
	struct cap *middle = p;

	g->side[side] = 0;
	if (!p->side[side]) {
		middle = c;
		c->side[side] = id;
		id = p->side[!side];
		p->side[!side] = 0;
		p->up = id;
	}
	middle->side[!side] = g_id;
	middle->mark = g->mark;
	g->mark |= SIBLING_RED;
	middle->up = g->up;
	*sibling_link_to(t, g_id, g->up) = id;
	g->up = id;
}

/* Nothing is below c. So there is nothing on p's other side, and if there is on g's, it is red. */
void
sibling_balance(struct captree *t, struct cap *c)
{
	const struct captree here = {.base = t->base};
	struct cap *p = cap_at(&here, c->up);
	struct cap *g = cap_at(&here, p->up);

	if (g->left && g->right) {
		balance(t, c);
	} else {
		spread(&here, g, p->up, p, c);
	}
}

/* --- putting in --------------------------------------------------------------------------- */
void
sibling_insert(struct captree *t, struct cap *parent, struct cap *c)
{
	uint32_t id = parent->child;
	struct cap *above = NULL;
	bool is_right = false;

	while (id) {
		above = cap_at(t, id);
		is_right = !is_before(c, above);
		id = above->side[is_right];
	}
	c->left = 0;
	c->right = 0;
	sibling_hang(t, parent, c, above, is_right);
	if (above && sibling_is_red(above)) {
		sibling_balance(t, c);
	}
}

struct cap *
sibling_first(const struct captree *t, const struct cap *parent)
{
	struct cap *found = NULL;

	for (uint32_t id = parent->child; id; id = found->left) {
		found = cap_at(t, id);
	}
	return found;
}

struct cap *
sibling_next(const struct captree *t, const struct cap *c)
{
	if (c->right) {
		struct cap *n = cap_at(t, c->right);
		while (n->left) {
			n = cap_at(t, n->left);
		}
		return n;
	}
	while (c->up && !(c->up & CAP_PARENT)) {
		struct cap *above = cap_at(t, c->up);
		if (above->left == cap_id(t, c)) {
			return above;
		}
		c = above;
	}
	return NULL;
}

const struct cap *
sibling_insert_predicate(struct captree *t, struct cap *parent, struct cap *c, uint64_t start,
			 uint64_t count)
{
	const struct cap candidate = {.word = cap_type(parent), .start = start, .count = count};
	const struct cap_type *type = &t->types[cap_type(parent)];
	const struct cap *s = type->stands_apart ? NULL : sibling_first(t, parent);

	while (s && (s->word & CAP_SHARED || type->is_disjoint(t, &candidate, s))) {
		s = sibling_next(t, s);
	}
	if (s) {
		return s;
	}
	c->start = start;
	c->count = count;
	sibling_insert(t, parent, c);
	return NULL;
}

/* --- taking out --------------------------------------------------------------------------- */
/* The ways through x on `side` have one black one too few: lend them one from the other side.
 * False: it has none to spare, so it gave one away and all ways through x have too few. */
static bool
lend(const struct captree *t, struct cap *x, uint32_t side)
{
	struct cap *s = cap_at(t, x->side[!side]);

	if (sibling_is_red(s)) {
		raise(t, s);
		s = cap_at(t, x->side[!side]);
	}
	if (!is_red(t, s->left) && !is_red(t, s->right)) {
		bool is_done = sibling_is_red(x);
		s->mark |= SIBLING_RED;
		x->mark &= ~SIBLING_RED;
		return is_done;
	}
	if (!is_red(t, s->side[!side])) {
		raise(t, cap_at(t, s->side[side]));
		s = cap_at(t, x->side[!side]);
	}
	raise(t, s);
	cap_at(t, s->side[!side])->mark &= ~SIBLING_RED;
	return true;
}

/* Take out c, which has at most one sibling below it: a red one then. */
static void
take_out(const struct captree *t, struct cap *c)
{
	uint32_t below = c->left | c->right;
	uint32_t up = c->up;

	if (below) {
		replace(t, c, below);
		cap_at(t, below)->mark &= ~SIBLING_RED;
		return;
	}
	bool is_short = !sibling_is_red(c) && !(up & CAP_PARENT);
	uint32_t side = is_short && side_of(t, cap_at(t, up), c);
	replace(t, c, 0);
	while (is_short) {
		struct cap *x = cap_at(t, up);
		if (lend(t, x, side) || x->up & CAP_PARENT) {
			return;
		}
		up = x->up;
		side = side_of(t, cap_at(t, up), x);
	}
}

/* Let s, which is out of the tree, stand where c stands. */
static void
take_over(const struct captree *t, struct cap *c, struct cap *s)
{
	uint32_t id = cap_id(t, s);

	replace(t, c, id);
	s->up = c->up;
	s->mark = c->mark;
	for (int side = 0; side < 2; side++) {
		s->side[side] = c->side[side];
		if (s->side[side]) {
			cap_at(t, s->side[side])->up = id;
		}
	}
}

void
sibling_remove(struct captree *t, struct cap *c)
{
	struct cap *next;

	if (!c->left || !c->right) {
		take_out(t, c);
		return;
	}
	next = sibling_next(t, c);
	take_out(t, next);
	take_over(t, c, next);
}
