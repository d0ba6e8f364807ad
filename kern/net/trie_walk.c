/* SPDX-License-Identifier: MIT
 * trie_walk.c: what a packet matches, in C: for kernels without compiled filters, for nodes whose
 * shape has no code, and as the reference that compiled code is tested against.
 *
 * Callers: receive, with the tree lock. Pure: no state. The stack holds what is still to be looked
 * at: nodes that were reached, at most one per test.
 */
#include "kern/net/trie.h"
#include "kern/net/trie_node.h"

struct pending {
	struct trie_node *node;
	const uint8_t *base;
};

/* Move the base past what a shift says. False: beyond the packet. */
static bool
shift_passes(const struct test_field *f, uint64_t mask, const uint8_t **base, const uint8_t *end)
{
	uint64_t step = shift_load(f, mask, *base);

	if (step > (uint64_t)(end - *base)) {
		return false;
	}
	*base += step;
	return true;
}

static bool
run_passes(const struct trie_node *n, const uint8_t **base, const uint8_t *end)
{
	for (uint32_t i = 0; i < n->tests; i++) {
		const struct filter_test *test = &n->test[i];

		if (end - *base < test->field.end) {
			return false;
		}
		if (test->field.kind == TEST_SHIFT
			    ? !shift_passes(&test->field, test->mask, base, end)
			    : (field_load(&test->field, *base) & test->mask) != test->value) {
			return false;
		}
	}
	return true;
}

/* Where a branch leads: node NULL: nowhere. */
static struct pending
follow(const struct trie_branch *b, const uint8_t *base, const uint8_t *end)
{
	struct pending to = {.base = base};
	uint64_t value;

	if (end - base < b->field.end) {
		return to;
	}
	if (b->field.kind == TEST_SHIFT) {
		to.node = shift_passes(&b->field, b->mask, &to.base, end) ? b->to.child : NULL;
		return to;
	}
	value = field_load(&b->field, base) & b->mask;
	to.node = b->table ? values_find(b, value) : value == b->key ? b->to.child : NULL;
	return to;
}

struct trie_hit *
trie_step(const uint8_t *base, const uint8_t *end, struct trie_node *node, struct trie_hit *hits)
{
	struct pending pending[TRIE_COST_MAX + 1];
	uint32_t top = 1;

	pending[0] = (struct pending){node, base};
	while (top) {
		struct pending at = pending[--top];
		const struct trie_branch *b = node_branches(at.node);

		if (!run_passes(at.node, &at.base, end)) {
			continue;
		}
		if (at.node->filters) {
			*hits++ = (struct trie_hit){at.node, at.base};
		}
		for (uint32_t i = 0; i < at.node->branches; i++) {
			pending[top] = follow(&b[i], at.base, end);
			top += pending[top].node != NULL;
		}
	}
	return hits;
}

uint32_t
trie_walk(const struct trie *t, const uint8_t *base, const uint8_t *end, struct trie_hit *hits)
{
	return t->root ? (uint32_t)(trie_step(base, end, t->root, hits) - hits) : 0;
}

struct trie_filter *
trie_filters(const struct trie_node *node)
{
	return node->filters;
}
