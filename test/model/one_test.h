/* SPDX-License-Identifier: MIT
 * one_test.h: nodes of a trie that test one word: where it lies is their shape.
 */
#ifndef TEST_MODEL_ONE_TEST_H
#define TEST_MODEL_ONE_TEST_H

#include <stdint.h>
#include <string.h>
#include "kern/net/shape.h"
#include "kern/net/trie_node.h"

union one_test_node {
	struct trie_node node;
	uint8_t bytes[SLAB_BLOCK];
};

/* They have no shape yet. */
static inline void
one_test_clear(union one_test_node *nodes, uint32_t count)
{
	memset(nodes, 0, count * sizeof(*nodes));
	for (uint32_t i = 0; i < count; i++) {
		nodes[i].node.shape = SHAPE_NONE;
	}
}

/* The node looks at word `field` of 16 bits from now on. */
static inline void
one_test_look(struct shapes *shapes, struct trie_node *n, uint32_t field)
{
	n->tests = 1;
	n->test[0] = (struct filter_test){.field = {.offset = (int16_t)(2 * field),
						    .end = (uint16_t)(2 * field + 2),
						    .width = 2,
						    .kind = TEST_COMPARE},
					  .mask = 0xffff};
	shape_enter(shapes, n);
}

#endif
