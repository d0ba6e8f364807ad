/* SPDX-License-Identifier: MIT
 * trie.c: the merged filter: where filters are added and removed.
 *
 * A node has tests that must all hold (a run), then branches: each looks at one field and goes to
 * the child of its value. A packet follows every branch, so all filters that match are found.
 * Adding walks as far as the tests are the same; there a run is split, or a branch or a value
 * added. Removing takes back what nobody needs, and joins a node with its only child.
 *
 * State:      nodes, tables in the caller's store; no globals.
 * Invariants: UP each child names its parent and its key; NEEDED filters end at each node or below
 *             it; COST, KNOWN each node's are what its tests say; ENDS the list of filters leads
 *             back to its node; FIELD no two branches of a node look at the same; SHAPE a node has
 *             the code of its shape or none. See trie_check().
 * Callers:    kern/net, with the tree lock. Pure: builds on the host. Cost: the path, not the trie.
 * Design:     docs/design/filters.md
 */
#include "kern/net/trie.h"
#include <exo/errors.h>
#include "kern/net/shape.h"
#include "kern/net/trie_node.h"
#include "lib/base/words.h"

/* --- links -------------------------------------------------------------------------------- */
/* What leads to `old` leads to `new` from now on. */
static void
lead_to(struct trie *t, const struct trie_node *old, struct trie_node *new)
{
	struct trie_branch *b = old->up ? branch_above(old) : NULL;

	new->up = old->up;
	new->key = old->key;
	if (!b) {
		t->root = new;
	} else if (b->table) {
		values_replace(b, new);
	} else {
		b->to.child = new;
	}
}

/* What stands below a node, and its filters, are to know where it is now. */
static void
tell_below(struct trie_node *n)
{
	struct trie_branch *b = node_branches(n);

	for (uint32_t i = 0; i < n->branches; i++) {
		if (b[i].table) {
			b[i].table->node = n;
		} else {
			b[i].to.child->up = (uintptr_t)n;
		}
	}
	if (n->filters) {
		n->filters->back = (uintptr_t)n | 1;
	}
}

/* Part of a record moves, perhaps within it. Word by word: a third of what memmove takes. */
static void
move_part(void *to, const void *from, size_t bytes)
{
	word64 *t = to;
	const word64 *f = from;
	size_t words = bytes / sizeof(*t);

	if (t < f || t >= f + words) {
		words_copy(t, f, words); /* has loaded what it stores over */
		return;
	}
	while (words--) {
		t[words] = f[words];
	}
}

static struct trie_node *
node_take(struct trie_store *s, uint32_t tests, uint32_t branches)
{
	uint32_t order = slab_order(node_bytes(tests, branches));
	struct trie_node *n = slab_take(s->slab, order);

	if (n) {
		*n = (struct trie_node){.order = (uint8_t)order, .tests = (uint8_t)tests};
		n->shape = SHAPE_NONE;
	}
	return n;
}

static void
node_give(struct trie_store *s, struct trie_node *n)
{
	shape_leave(s->shapes, n);
	slab_give(s->slab, n, n->order);
}

/* --- costs -------------------------------------------------------------------------------- */
static uint32_t
node_cost(const struct trie_node *n)
{
	const struct trie_branch *b = node_branches(n);
	uint32_t cost = n->tests;

	for (uint32_t i = 0; i < n->branches; i++) {
		cost += 1 + branch_cost(&b[i]);
	}
	return cost;
}

/* A node costs something else now: so do those above. */
static void
set_cost(struct trie_node *n, uint32_t cost)
{
	while (n->cost != cost) {
		struct values *v = node_table_above(n);

		if (v) {
			values_recost(v, n->cost, cost);
		}
		n->cost = (uint8_t)cost;
		if (!n->up) {
			break;
		}
		n = node_above(n);
		cost = node_cost(n);
	}
}

/* Would the root cost too much if the node cost `cost`, which is not less than now? */
static bool
too_dear(const struct trie_node *n, uint32_t cost)
{
	while (n->up) {
		uint32_t before = branch_cost(branch_above(n));

		n = node_above(n);
		cost = n->cost + (cost > before ? cost - before : 0);
	}
	return cost > TRIE_COST_MAX;
}

/* --- splitting and joining ---------------------------------------------------------------- */
static uint32_t
known_after(const struct filter_test *test, uint32_t tests, uint32_t known)
{
	for (uint32_t i = 0; i < tests; i++) {
		known = test_known(&test[i].field, known);
	}
	return known;
}

/* The run of n beyond `run` tests goes to a node below: n itself, with a new one above. That has
 * room for one branch more. NULL: no memory. */
static struct trie_node *
split(struct trie_store *s, struct trie *t, struct trie_node *n, uint32_t run)
{
	struct trie_node *above = node_take(s, run, 2);
	const struct filter_test *test = &n->test[run];
	struct trie_branch *b;

	if (!above) {
		return NULL;
	}
	lead_to(t, n, above);
	move_part(above->test, n->test, run * sizeof(n->test[0]));
	above->branches = 1;
	above->known_bytes = n->known_bytes;
	above->cost = n->cost;
	b = node_branches(above);
	*b = (struct trie_branch){.field = test->field, .mask = test->mask, .key = test->value};
	b->to.child = n;
	n->up = (uintptr_t)above;
	n->key = test->value;
	n->known_bytes = (uint16_t)known_after(n->test, run + 1, n->known_bytes);
	n->cost = (uint8_t)(n->cost - run - 1);
	move_part(n->test, test + 1, node_bytes(n->tests, n->branches) - node_bytes(run + 1, 0));
	n->tests = (uint8_t)(n->tests - run - 1);
	shape_enter(s->shapes, n);
	shape_enter(s->shapes, above);
	return above;
}

/* The block for n with so many more tests in front and branches behind: n's own if it is large
 * enough, else a new one, or NULL. */
static struct trie_node *
widen(struct trie_store *s, struct trie *t, struct trie_node *n, uint32_t tests, uint32_t branches)
{
	size_t bytes = node_bytes(n->tests, n->branches);
	struct trie_node *wide = n;

	if (node_bytes(n->tests + tests, n->branches + branches) > SLAB_BLOCK << n->order) {
		wide = node_take(s, n->tests + tests, n->branches + branches);
		if (!wide) {
			return NULL;
		}
		uint8_t order = wide->order;

		move_part(wide, n, bytes);
		wide->order = order;
		lead_to(t, n, wide);
		tell_below(wide);
		slab_give(s->slab, n, n->order);
	}
	move_part(wide->test + tests, wide->test, bytes - sizeof(*wide));
	wide->tests = (uint8_t)(wide->tests + tests);
	return wide;
}

/* If nothing ends at n and one way leads on, n becomes part of the run of what is below. Without
 * memory it stays, which is as right and a little slower. True: it is no more. */
static bool
join(struct trie_store *s, struct trie *t, struct trie_node *n)
{
	struct trie_branch *b = node_branches(n);
	struct trie_node *below = b->to.child;

	if (n->filters || n->branches != 1 || b->table) {
		return false;
	}
	below = widen(s, t, below, n->tests + 1u, 0);
	if (!below) {
		return false;
	}
	move_part(below->test, n->test, n->tests * sizeof(n->test[0]));
	below->test[n->tests] =
		(struct filter_test){.field = b->field, .mask = b->mask, .value = b->key};
	below->known_bytes = n->known_bytes;
	below->cost = n->cost;
	lead_to(t, n, below);
	node_give(s, n);
	shape_enter(s->shapes, below);
	return true;
}

/* --- adding ------------------------------------------------------------------------------- */
/* Where the tests of a filter leave what is there. */
struct spot {
	struct trie_node *node;
	struct value_slot *slot; /* for the next one, where the node has a table */
	uint32_t run;            /* tests of the node that are the same */
	uint32_t used;           /* tests of the filter that are passed */
};

static struct trie_branch *
branch_of(const struct trie_node *n, const struct filter_test *test)
{
	struct trie_branch *b = node_branches(n);

	for (uint32_t i = 0; i < n->branches; i++, b++) {
		if (test_same_field(&b->field, b->mask, test)) {
			return b;
		}
	}
	return NULL;
}

/* The child of a value, or NULL; *slot: its place in the table, if there is one. */
static struct trie_node *
branch_child(const struct trie_branch *b, uint64_t key, struct value_slot **slot)
{
	*slot = b->table ? values_slot(b, key) : NULL;
	return *slot ? (*slot)->child : !b->table && b->key == key ? b->to.child : NULL;
}

static struct spot
find_spot(const struct trie *t, const struct canon *c)
{
	struct spot at = {.node = t->root};
	const struct filter_test *test = c->test;
	const struct filter_test *end = test + c->count;

	for (;; test++) {
		const struct trie_node *n = at.node;
		const struct trie_branch *b;
		struct trie_node *child;

		for (at.run = 0; at.run < n->tests && test < end; at.run++, test++) {
			const struct filter_test *have = &n->test[at.run];

			if (!test_same_field(&have->field, have->mask, test) ||
			    have->value != test->value) {
				break;
			}
		}
		at.used = (uint32_t)(test - c->test);
		if (at.run < n->tests || test == end) {
			return at;
		}
		b = branch_of(n, test);
		child = b ? branch_child(b, test->value, &at.slot) : NULL;
		if (!child) {
			return at;
		}
		at.node = child;
	}
}

static void
filter_link(struct trie_store *s, struct trie_node *n, struct trie_filter *f)
{
	f->next = n->filters;
	f->back = (uintptr_t)n | 1;
	n->filters = f;
	if (f->next) {
		f->next->back = (uintptr_t)f;
	} else {
		shape_enter(s->shapes, n);
	}
}

/* A node at which f ends, for the tests from number `from` on; `known` before them. */
static struct trie_node *
leaf_make(struct trie_store *s, const struct canon *c, uint32_t from, uint32_t known)
{
	uint32_t tests = c->count - from;
	struct trie_node *n = node_take(s, tests, 0);

	if (n) {
		move_part(n->test, &c->test[from], tests * sizeof(n->test[0]));
		n->cost = (uint8_t)tests;
		n->known_bytes = (uint16_t)known;
	}
	return n;
}

static int
add_branch(struct trie_store *s, struct trie *t, struct trie_node **node,
	   const struct filter_test *test, struct trie_node *leaf)
{
	struct trie_node *n = *node;
	struct trie_branch *b;

	if (n->branches == TRIE_BRANCHES_MAX || too_dear(n, n->cost + 1u + leaf->cost)) {
		return E_LIMIT;
	}
	n = widen(s, t, n, 0, 1);
	if (!n) {
		return E_NOSPACE;
	}
	b = node_branches(n) + n->branches++;
	*b = (struct trie_branch){.field = test->field, .mask = test->mask, .key = test->value};
	b->to.child = leaf;
	leaf->up = (uintptr_t)n;
	*node = n;
	return 0;
}

static int
add_value(struct trie_store *s, struct trie_node *n, struct trie_branch *b, struct value_slot *slot,
	  struct trie_node *leaf)
{
	uint32_t before = branch_cost(b);
	bool single = !b->table;
	int error;

	if (leaf->cost > before && too_dear(n, n->cost + leaf->cost - before)) {
		return E_LIMIT;
	}
	error = single ? values_make(s, b, n) : 0;
	if (error) {
		return error;
	}
	error = values_add(s, b, single ? values_slot(b, leaf->key) : slot, leaf);
	if (error && single) {
		values_end(s, b);
	}
	return error;
}

/* Hang a leaf below the node for the tests that are not passed there. */
static int
hang_leaf(struct trie_store *s, struct trie *t, const struct spot *at, const struct canon *c,
	  struct trie_filter *f)
{
	const struct filter_test *test = &c->test[at->used];
	struct trie_node *n = at->node;
	struct trie_branch *b = branch_of(n, test);
	uint32_t known = known_after(n->test, n->tests, n->known_bytes);
	struct trie_node *leaf = leaf_make(s, c, at->used + 1, test_known(&test->field, known));
	bool table = b && b->table;
	int error;

	if (!leaf) {
		return E_NOSPACE;
	}
	leaf->key = test->value;
	error = b ? add_value(s, n, b, at->slot, leaf) : add_branch(s, t, &n, test, leaf);
	if (error) {
		node_give(s, leaf);
		return error;
	}
	filter_link(s, leaf, f);
	if (!table) {
		shape_enter(s->shapes, n);
	}
	set_cost(n, node_cost(n));
	return 0;
}

static int
insert_first(struct trie_store *s, struct trie *t, const struct canon *c, struct trie_filter *f)
{
	t->root = leaf_make(s, c, 0, c->known_bytes);
	if (!t->root) {
		return E_NOSPACE;
	}
	t->known_bytes = c->known_bytes;
	filter_link(s, t->root, f);
	return 0;
}

int
trie_insert(struct trie_store *s, struct trie *t, const struct canon *c, struct trie_filter *f)
{
	struct spot at;
	int error;

	if (!t->root) {
		return insert_first(s, t, c, f);
	}
	at = find_spot(t, c);
	if (at.run < at.node->tests) {
		return split(s, t, at.node, at.run) ? TRIE_AGAIN : E_NOSPACE;
	}
	if (at.used == c->count) {
		filter_link(s, at.node, f);
		return 0;
	}
	error = hang_leaf(s, t, &at, c, f);
	if (error) {
		join(s, t, at.node); /* if it was split for this: that needs no memory */
	}
	return error;
}

void
trie_tidy(struct trie_store *s, struct trie *t, const struct canon *c)
{
	if (t->root) {
		join(s, t, find_spot(t, c).node);
	}
}

/* --- removing ----------------------------------------------------------------------------- */
/* The node that the list of f leads back to if f is its first, else NULL. */
static struct trie_node *
filter_unlink(struct trie_filter *f)
{
	struct trie_node *n = f->back & 1 ? (struct trie_node *)(f->back - 1) : NULL;

	if (f->next) {
		f->next->back = f->back;
	}
	if (n) {
		n->filters = f->next;
	} else {
		((struct trie_filter *)f->back)->next = f->next;
	}
	*f = (struct trie_filter){0};
	return n;
}

static void
cut_branch(struct trie_node *n, struct trie_branch *b)
{
	struct trie_branch *last = node_branches(n) + --n->branches;

	move_part(b, b + 1, (size_t)((uint8_t *)last - (uint8_t *)b));
}

/* Take n, at which nothing ends, out. Returns the node above, NULL: it was the root. Is that to get
 * another shape? */
static struct trie_node *
cut_node(struct trie_store *s, struct trie *t, struct trie_node *n, bool *reshaped)
{
	struct trie_node *above = n->up ? node_above(n) : NULL;
	struct trie_branch *b = above ? branch_above(n) : NULL;

	*reshaped = true;
	if (!above) {
		t->root = NULL;
	} else if (b->table) {
		values_remove(s, b, n);
		*reshaped = b->table->count == 1;
		if (*reshaped) {
			values_end(s, b);
		}
	} else {
		cut_branch(above, b);
	}
	node_give(s, n);
	return above;
}

void
trie_remove(struct trie_store *s, struct trie *t, struct trie_filter *f)
{
	struct trie_node *n = filter_unlink(f);
	bool reshaped = true;

	if (!n || n->filters) {
		return;
	}
	while (n && !n->filters && !n->branches) {
		n = cut_node(s, t, n, &reshaped);
	}
	if (!n) {
		return;
	}
	set_cost(n, node_cost(n));
	if (!join(s, t, n) && reshaped) {
		shape_enter(s->shapes, n);
	}
}
