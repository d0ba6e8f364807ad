/* SPDX-License-Identifier: MIT
 * trie_path.c: the way through a trie to where a filter ends, for users who want to see it.
 *
 * Each test of a filter stands on its way exactly once, in the run of a node or as the branch that
 * leads on from it; so a way has at most CANON_TESTS_MAX tests, and is as long as the filter, not
 * as the trie. Callers: env_detail, with the tree lock. Pure: no state.
 */
#include "kern/net/trie.h"
#include "kern/net/trie_node.h"
#include "lib/base/string.h"

_Static_assert(CANON_TESTS_MAX == EXO_TESTS_MAX, "a way is its filter's tests");
_Static_assert(
	offsetof(struct exo_filter_test, node) == sizeof(struct filter_test) &&
		offsetof(struct exo_filter_test, kind) == offsetof(struct test_field, kind) &&
		offsetof(struct exo_filter_test, mask) == offsetof(struct filter_test, mask) &&
		offsetof(struct exo_filter_test, value) == offsetof(struct filter_test, value),
	"tests are told as they are, branches with the value that was taken");
_Static_assert(EXO_TEST_COMPARE == (int)TEST_COMPARE && EXO_TEST_SHIFT == (int)TEST_SHIFT, "kinds");

uint32_t
trie_path(const struct trie_node *n, const void *from, struct exo_filter_test *tests)
{
	size_t first = EXO_TESTS_MAX;
	size_t left = n->tests;

	while (left || n->up) {
		const void *test;
		uint64_t value = n->key;

		if (left) {
			test = &n->test[--left];
			value = n->test[left].value;
		} else {
			test = branch_above(n);
			n = node_above(n);
			left = n->tests;
		}
		memcpy(&tests[--first], test, sizeof(struct filter_test));
		tests[first].value = value;
		tests[first].node = (uint32_t)((uintptr_t)n - (uintptr_t)from);
	}
	return (uint32_t)first;
}
