/* SPDX-License-Identifier: MIT
 * trie_check.c: the invariants of a trie that trie.c names, one after the other. For tests, and a
 * kernel that mistrusts itself. Pure.
 */
#include "kern/net/trie.h"
#include "kern/net/shape.h"
#include "kern/net/trie_node.h"
#include "lib/base/string.h"

/* Sum of all tests from here on, as costs are defined. */
static const char *
check_counts(const struct trie_node *n)
{
	const struct trie_branch *b = node_branches(n);
	uint32_t cost = n->tests;

	for (uint32_t i = 0; i < n->branches; i++) {
		cost += 1 + branch_cost(&b[i]);
		for (uint32_t j = 0; j < i; j++) {
			const struct filter_test same = {.field = b[j].field, .mask = b[j].mask};

			if (test_same_field(&b[i].field, b[i].mask, &same)) {
				return "FIELD";
			}
		}
	}
	return cost != n->cost || cost > TRIE_COST_MAX ? "COST" : NULL;
}

static const char *
check_filters(const struct trie_node *n)
{
	uintptr_t back = (uintptr_t)n | 1;

	for (const struct trie_filter *f = n->filters; f; f = f->next) {
		if (f->back != back) {
			return "ENDS";
		}
		back = (uintptr_t)f;
	}
	return NULL;
}

static const char *
check_shape(const struct shapes *s, const struct trie_node *n)
{
	struct arch_filter_shape what;
	bool fits = shape_describe(n, &what);

	if (!s || n->shape == SHAPE_NONE) {
		return NULL;
	}
	return !fits || memcmp(&what, &s->shape[n->shape].what, shape_bytes(&what)) != 0 ||
			       (n->code != s->without && n->code != s->shape[n->shape].code)
		       ? "SHAPE"
		       : NULL;
}

static uint32_t
known_behind(const struct trie_node *n)
{
	uint32_t known = n->known_bytes;

	for (uint32_t i = 0; i < n->tests; i++) {
		known = test_known(&n->test[i].field, known);
	}
	return known;
}

static const char *
check_child(const struct trie_node *n, const struct trie_branch *b, const struct trie_node *child)
{
	bool up = b->table ? node_table_above(child) == b->table && b->table->node == n
			   : child->up == (uintptr_t)n && child->key == b->key;

	return !up                                                            ? "UP"
	       : !child->filters && !child->branches                          ? "NEEDED"
	       : child->known_bytes != test_known(&b->field, known_behind(n)) ? "KNOWN"
									      : NULL;
}

/* The next child of a node, from branch *i and slot *slot on. NULL: there is none. */
static const struct trie_node *
next_child(const struct trie_node *n, uint32_t *i, uint32_t *slot)
{
	for (; *i < n->branches; *slot = 0, ++*i) {
		const struct trie_branch *b = &node_branches(n)[*i];
		uint32_t slots = b->table ? 1u << b->table->bits : 1;

		while (*slot < slots) {
			const struct trie_node *child =
				b->table ? b->to.slots[*slot].child : b->to.child;

			++*slot;
			if (child) {
				return child;
			}
		}
	}
	return NULL;
}

static const char *
check_node(const struct trie_store *s, const struct trie_node *n)
{
	const char *wrong = check_counts(n);
	const struct trie_node *child;
	uint32_t i = 0;
	uint32_t slot = 0;

	wrong = wrong ? wrong : check_filters(n);
	wrong = wrong ? wrong : check_shape(s->shapes, n);
	for (uint32_t j = 0; j < n->branches && !wrong; j++) {
		wrong = node_branches(n)[j].table ? values_check(&node_branches(n)[j]) : NULL;
	}
	while (!wrong && (child = next_child(n, &i, &slot))) {
		wrong = check_child(n, &node_branches(n)[i], child);
	}
	return wrong;
}

const char *
trie_check(const struct trie_store *s, const struct trie *t)
{
	struct {
		const struct trie_node *node;
		uint32_t branch;
		uint32_t slot;
	} level[TRIE_COST_MAX + 1] = {{.node = t->root}};
	uint32_t depth = t->root != NULL;
	const char *wrong = !t->root                                 ? NULL
			    : t->root->up                            ? "UP"
			    : t->root->known_bytes != t->known_bytes ? "KNOWN"
								     : check_node(s, t->root);

	while (depth && !wrong) {
		const struct trie_node *child = next_child(
			level[depth - 1].node, &level[depth - 1].branch, &level[depth - 1].slot);

		if (!child) {
			depth--;
			continue;
		}
		wrong = check_node(s, child);
		level[depth].node = child;
		level[depth].branch = level[depth].slot = 0;
		depth++;
	}
	return wrong;
}
