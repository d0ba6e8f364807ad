/* SPDX-License-Identifier: MIT
 * tree.h: intrusive balanced (AVL) tree ordered by a 64-bit key; equal keys keep their order of
 * insertion.
 *
 * No allocation, no recursion; insert, remove and lower_bound take O(log n) steps, at most 1.44
 * log2(n) deep; first is O(1). A zeroed tree_root is an empty tree. The caller keeps node->key
 * constant while the node is in the tree and holds whatever lock guards the tree. Fields other
 * than key belong to tree.c.
 */
#ifndef LIB_BASE_TREE_H
#define LIB_BASE_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2];
	uint64_t key;
	int balance; /* height of child[1] minus height of child[0]: -1, 0 or 1 */
};

struct tree_root {
	struct tree_node *top;
	struct tree_node *first; /* leftmost, cached: all that a timer interrupt needs */
};

static inline struct tree_node *
tree_first(const struct tree_root *root)
{
	return root->first;
}

/* Links `node`, whose key the caller has set, behind all nodes with an equal key. */
void tree_insert(struct tree_root *root, struct tree_node *node);

/* Unlinks `node`, which must be in this tree. */
void tree_remove(struct tree_root *root, struct tree_node *node);

/* The next (previous) node in order, or 0. */
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);

/* The first node with key >= `key`, or 0. */
struct tree_node *tree_lower_bound(const struct tree_root *root, uint64_t key);

/* True if order, links, balances and the cached first node are right. For tests and paranoid
 * builds: O(n log n). */
bool tree_check(const struct tree_root *root);

#endif
