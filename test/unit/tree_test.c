/* SPDX-License-Identifier: MIT
 * tree_test.c: the balanced tree against a sorted array, after every random operation.
 *
 * links: lib/base/tree.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "lib/base/tree.h"

#define NODES_MAX 300

struct model {
	struct tree_node *sorted[NODES_MAX];
	size_t count;
};

static void
model_insert(struct model *model, struct tree_node *node)
{
	size_t at = model->count++;

	for (; at && model->sorted[at - 1]->key > node->key; at--) {
		model->sorted[at] = model->sorted[at - 1];
	}
	model->sorted[at] = node;
}

static void
model_remove(struct model *model, size_t index)
{
	model->count--;
	memmove(&model->sorted[index], &model->sorted[index + 1],
		(model->count - index) * sizeof(model->sorted[0]));
}

static void
compare(const struct tree_root *root, const struct model *model, uint64_t key)
{
	struct tree_node *node = tree_first(root);
	struct tree_node *last = NULL;
	size_t bound = 0;

	assert_true(tree_check(root));
	for (size_t i = 0; i < model->count; i++) {
		assert_ptr_equal(node, model->sorted[i]);
		assert_ptr_equal(tree_prev(node), last);
		last = node;
		node = tree_next(node);
	}
	assert_null(node);
	while (bound < model->count && model->sorted[bound]->key < key) {
		bound++;
	}
	assert_ptr_equal(tree_lower_bound(root, key),
			 bound < model->count ? model->sorted[bound] : NULL);
}

static void
run(uint64_t seed, uint64_t keys, int operations)
{
	struct tree_root root = {0};
	struct model model = {.count = 0};

	for (int i = 0; i < operations; i++) {
		bool grows = i / 700 % 2 ? rand_below(&seed, 3) == 0 : rand_below(&seed, 3) != 0;

		if (model.count < NODES_MAX && (grows || !model.count)) {
			struct tree_node *node = malloc(sizeof(*node));

			memset(node, 0xa5, sizeof(*node));
			node->key = rand_below(&seed, keys);
			tree_insert(&root, node);
			model_insert(&model, node);
		} else {
			size_t index = rand_below(&seed, model.count);
			struct tree_node *node = model.sorted[index];

			tree_remove(&root, node);
			model_remove(&model, index);
			free(node);
		}
		compare(&root, &model, rand_below(&seed, keys));
	}
	while (model.count) {
		struct tree_node *node = tree_first(&root);

		tree_remove(&root, node);
		model_remove(&model, 0);
		free(node);
		assert_true(tree_check(&root));
	}
	assert_null(root.top);
}

static void
test_random(void **state)
{
	(void)state;
	run(1, 50, 2500);
	run(2, 1000, 2500);
	run(3, UINT64_MAX, 2500);
	run(4, 1, 1000);
}

/* Ascending keys are what deadlines are: the tree must not become a list. */
static void
test_depth(void **state)
{
	enum { COUNT = 4096 };
	static struct tree_node nodes[COUNT];
	struct tree_root root = {0};
	int deepest = 0;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		nodes[i].key = (uint64_t)i;
		tree_insert(&root, &nodes[i]);
	}
	assert_true(tree_check(&root));
	for (int i = 0; i < COUNT; i++) {
		int depth = 0;

		for (struct tree_node *node = &nodes[i]; node; node = node->parent) {
			depth++;
		}
		deepest = depth > deepest ? depth : deepest;
	}
	assert_int_equal(deepest, 13);
}

/* tree_check must see each kind of damage, or the tests above prove nothing. */
static void
test_check_sees_damage(void **state)
{
	struct tree_node nodes[7] = {{.key = 0}};
	struct tree_root root = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		nodes[i].key = i;
		tree_insert(&root, &nodes[i]);
	}
	assert_true(tree_check(&root));
	nodes[3].key = 9;
	assert_false(tree_check(&root));
	nodes[3].key = 3;
	nodes[1].balance = 1;
	assert_false(tree_check(&root));
	nodes[1].balance = 0;
	root.first = &nodes[1];
	assert_false(tree_check(&root));
	root.first = &nodes[0];
	nodes[5].child[1] = NULL;
	assert_false(tree_check(&root));
	nodes[5].child[1] = &nodes[6];
	assert_true(tree_check(&root));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_check_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
