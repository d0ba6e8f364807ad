/* SPDX-License-Identifier: MIT
 * trie_path.c: the way through a trie to where a filter ends, for users who want to see it.
 *
 * Each test of a filter stands on its way exactly once, in the run of a node or as the branch that
 * leads on from it; so a way has at most CANON_TESTS_MAX tests, and is as long as the filter, not
 * as the trie. Callers: env_detail, with the tree lock. Pure: no state.
 */
#include "kern/net/trie.h"
#include "kern/net/trie_node.h"

#define VALUE 2 /* word of a test */

_Static_assert(CANON_TESTS_MAX == EXO_TESTS_MAX, "a way is its filter's tests");
_Static_assert(
	offsetof(struct exo_filter_test, node) == sizeof(struct filter_test) &&
		offsetof(struct exo_filter_test, kind) == offsetof(struct test_field, kind) &&
		offsetof(struct exo_filter_test, mask) == offsetof(struct filter_test, mask) &&
		offsetof(struct exo_filter_test, value) == VALUE * 8 &&
		offsetof(struct exo_filter_test, value) == offsetof(struct filter_test, value),
	"tests are told as they are, branches with the value that was taken");
_Static_assert(EXO_TEST_COMPARE == (int)TEST_COMPARE && EXO_TEST_SHIFT == (int)TEST_SHIFT, "kinds");

uint32_t
trie_path(const struct trie_node *n, const void *from, struct exo_filter_test *tests)
{
	size_t first = EXO_TESTS_MAX;
	size_t left = n->tests;

	while (left || n->up) {
		const word64 *test;
		word64 *to = (word64 *)&tests[--first];

		to[VALUE] = n->key;
		if (left) {
			test = (const word64 *)&n->test[--left];
			to[VALUE] = test[VALUE];
		} else {
			test = (const word64 *)branch_above(n);
			n = node_above(n);
			left = n->tests;
		}
		to[0] = test[0]; /* the field, */
		to[1] = test[1]; /* its mask */
		tests[first].node = (uint32_t)((uintptr_t)n - (uintptr_t)from);
	}
	return (uint32_t)first;
}
