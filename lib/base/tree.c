/* SPDX-License-Identifier: MIT
 * tree.c: intrusive AVL tree with parent links.
 *
 * Invariants, checked by tree_check: an in-order walk never decreases the key; the heights of a
 * node's two subtrees differ by its balance, which is -1, 0 or 1; root->first is the leftmost.
 *
 *        node               child          A rotation lifts `child`, the taller side, over its
 *       /    \             /     \         parent. Inner changes sides; the order
 *    outer   child  -->  node   outer'     outer node inner child outer' stays.
 *           /    \      /    \
 *        inner  outer' outer inner
 *
 * Method: G. Adelson-Velsky, E. Landis, 1962; Knuth, The Art of Computer Programming 6.2.3.
 */
#include "lib/base/tree.h"

#include <stddef.h>

/* The pointer that leads to `node` from above. */
static struct tree_node **
link_to(struct tree_root *root, const struct tree_node *node)
{
	struct tree_node *parent = node->parent;

	return parent ? &parent->child[parent->child[1] == node] : &root->top;
}

/* Lifts node->child[side] over node; balances are the caller's business. */
static struct tree_node *
rotate(struct tree_root *root, struct tree_node *node, int side)
{
	struct tree_node *child = node->child[side];
	struct tree_node *inner = child->child[!side];

	*link_to(root, node) = child;
	child->parent = node->parent;
	child->child[!side] = node;
	node->parent = child;
	node->child[side] = inner;
	if (inner) {
		inner->parent = node;
	}
	return child;
}

/* Restores the invariant at `node`, whose subtree on `side` has become taller by two. Returns the
 * node that now stands in its place; it has balance 0 unless the height did not change. */
static struct tree_node *
rebalance(struct tree_root *root, struct tree_node *node, int side)
{
	struct tree_node *child = node->child[side];
	int tilt = side ? 1 : -1;
	struct tree_node *inner;

	if (child->balance != -tilt) {
		node->balance = tilt - child->balance;
		child->balance -= tilt;
		return rotate(root, node, side);
	}
	inner = child->child[!side];
	rotate(root, child, !side);
	rotate(root, node, side);
	node->balance = inner->balance == tilt ? -tilt : 0;
	child->balance = inner->balance == -tilt ? tilt : 0;
	inner->balance = 0;
	return inner;
}

void
tree_insert(struct tree_root *root, struct tree_node *node)
{
	struct tree_node *parent = NULL;
	struct tree_node **link = &root->top;
	bool is_first = true;

	while (*link) {
		int side = node->key >= (*link)->key;

		parent = *link;
		is_first = is_first && !side;
		link = &parent->child[side];
	}
	node->parent = parent;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->balance = 0;
	*link = node;
	if (is_first) {
		root->first = node;
	}
	/* The subtree at `node` has grown by one level. */
	for (; parent; node = parent, parent = parent->parent) {
		int side = parent->child[1] == node;
		int tilt = side ? 1 : -1;

		if (parent->balance == tilt) {
			rebalance(root, parent, side);
			return;
		}
		parent->balance += tilt;
		if (!parent->balance) {
			return;
		}
	}
}

/* The subtree of `parent` on `side` has lost one level. */
static void
shrunk(struct tree_root *root, struct tree_node *parent, int side)
{
	while (parent) {
		int tilt = side ? 1 : -1;
		struct tree_node *top = parent;

		if (parent->balance == -tilt) {
			top = rebalance(root, parent, !side);
		} else {
			parent->balance -= tilt;
		}
		if (top->balance) {
			return;
		}
		parent = top->parent;
		side = parent && parent->child[1] == top;
	}
}

/* Puts `other` (or nothing) where `node` hangs. */
static void
replace(struct tree_root *root, const struct tree_node *node, struct tree_node *other)
{
	*link_to(root, node) = other;
	if (other) {
		other->parent = node->parent;
	}
}

/* Gives `heir` the place, children and balance of `node`. */
static void
inherit(struct tree_root *root, const struct tree_node *node, struct tree_node *heir)
{
	replace(root, node, heir);
	heir->balance = node->balance;
	for (int side = 0; side < 2; side++) {
		heir->child[side] = node->child[side];
		if (heir->child[side]) {
			heir->child[side]->parent = heir;
		}
	}
}

void
tree_remove(struct tree_root *root, struct tree_node *node)
{
	struct tree_node *next = tree_next(node);
	struct tree_node *parent = node->parent;
	int side = parent && parent->child[1] == node;

	if (root->first == node) {
		root->first = next;
	}
	if (!node->child[0] || !node->child[1]) {
		replace(root, node, node->child[node->child[0] == NULL]);
		shrunk(root, parent, side);
		return;
	}
	/* The next node has no left child: take it out of its place and let it inherit this one. */
	parent = next->parent;
	side = parent->child[1] == next;
	replace(root, next, next->child[1]);
	inherit(root, node, next);
	shrunk(root, parent == node ? next : parent, side);
}

static struct tree_node *
outermost(struct tree_node *node, int side)
{
	while (node && node->child[side]) {
		node = node->child[side];
	}
	return node;
}

static struct tree_node *
neighbour(const struct tree_node *node, int side)
{
	if (node->child[side]) {
		return outermost(node->child[side], !side);
	}
	while (node->parent && node->parent->child[side] == node) {
		node = node->parent;
	}
	return node->parent;
}

struct tree_node *
tree_next(const struct tree_node *node)
{
	return neighbour(node, 1);
}

struct tree_node *
tree_prev(const struct tree_node *node)
{
	return neighbour(node, 0);
}

struct tree_node *
tree_lower_bound(const struct tree_root *root, uint64_t key)
{
	struct tree_node *best = NULL;

	for (struct tree_node *node = root->top; node;) {
		if (node->key >= key) {
			best = node;
			node = node->child[0];
		} else {
			node = node->child[1];
		}
	}
	return best;
}

/* The height of a balanced subtree, following the balances down its taller side. */
static int
height(const struct tree_node *node)
{
	int levels = 0;

	for (; node; node = node->child[node->balance > 0]) {
		levels++;
	}
	return levels;
}

bool
tree_check(const struct tree_root *root)
{
	const struct tree_node *last = NULL;

	if (outermost(root->top, 0) != root->first || (root->top && root->top->parent)) {
		return false;
	}
	for (const struct tree_node *node = root->first; node; node = tree_next(node)) {
		for (int side = 0; side < 2; side++) {
			if (node->child[side] && node->child[side]->parent != node) {
				return false;
			}
		}
		if (node->balance < -1 || node->balance > 1 ||
		    height(node->child[1]) - height(node->child[0]) != node->balance ||
		    (last && last->key > node->key)) {
			return false;
		}
		last = node;
	}
	return true;
}
