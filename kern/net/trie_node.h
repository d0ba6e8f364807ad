/* SPDX-License-Identifier: MIT
 * trie_node.h: nodes of the trie and their branches, for the files that make and read them.
 *
 *   node   code | up | key | filters | counts | test 0 .. | branch 0 ..
 *   branch field | mask | value, or multiplier of the table | child, or slots | table or NULL
 *
 * Compiled code reads these records, so their layout is told to the arch: ARCH_FILTER_*.
 */
#ifndef KERN_NET_TRIE_NODE_H
#define KERN_NET_TRIE_NODE_H

#include "arch/arch.h"
#include "kern/net/trie.h"
#include "kern/net/values.h"

struct trie_branch {
	struct test_field field;
	uint64_t mask;
	uint64_t key; /* the one value; of a table its multiplier */
	union {
		struct trie_node *child;
		struct value_slot *slots;
	} to;
	struct values *table; /* NULL: one value */
};

/* 64 bytes with up to one test and no branch. */
struct trie_node {
	uint64_t code; /* takes (base, end, node, hits), returns the end of the hits */
	uintptr_t up;  /* parent; or table of the parent | 1; 0: root */
	uint64_t key;  /* the value that leads here */
	struct trie_filter *filters;
	uint8_t tests; /* all must hold, before anything else */
	uint8_t branches;
	uint8_t order;        /* of its block */
	uint8_t cost;         /* tests of a packet from here on, at most */
	uint16_t known_bytes; /* exist when a packet gets here */
	uint16_t shape;
	struct filter_test test[];
};

_Static_assert(offsetof(struct trie_node, code) == ARCH_FILTER_CODE &&
		       offsetof(struct trie_node, test) == ARCH_FILTER_TESTS &&
		       sizeof(struct filter_test) == ARCH_FILTER_TEST_BYTES &&
		       offsetof(struct filter_test, mask) == ARCH_FILTER_MASK &&
		       offsetof(struct filter_test, value) == ARCH_FILTER_VALUE,
	       "compiled code reads nodes");
_Static_assert(sizeof(struct trie_branch) == ARCH_FILTER_BRANCH_BYTES &&
		       offsetof(struct trie_branch, mask) == ARCH_FILTER_MASK &&
		       offsetof(struct trie_branch, key) == ARCH_FILTER_VALUE &&
		       offsetof(struct trie_branch, to) == ARCH_FILTER_TO &&
		       offsetof(struct test_field, table_shift) == ARCH_FILTER_SHIFT,
	       "compiled code reads branches");

typedef struct trie_hit *trie_code(const uint8_t *base, const uint8_t *end, struct trie_node *node,
				   struct trie_hit *hits);

typedef uint16_t __attribute__((may_alias)) word16;
typedef uint32_t __attribute__((may_alias)) word32;
typedef uint64_t __attribute__((may_alias)) word64;

/* As trie_walk(), of a trie that has a root, by what stands as the code of its nodes: there is some
 * if the store has shapes. */
static inline size_t
trie_run(const struct trie *t, const uint8_t *base, const uint8_t *end, struct trie_hit *hits)
{
	struct trie_node *root = t->root;
	trie_code *code = (trie_code *)(uintptr_t)root->code;

	return (size_t)((code ? code : trie_step)(base, end, root, hits) - hits);
}

static inline struct trie_branch *
node_branches(const struct trie_node *n)
{
	return (struct trie_branch *)(uintptr_t)(n->test + n->tests);
}

static inline size_t
node_bytes(uint32_t tests, uint32_t branches)
{
	return sizeof(struct trie_node) + tests * sizeof(struct filter_test) +
	       branches * sizeof(struct trie_branch);
}

/* Who is above; NULL: nobody. */
static inline struct values *
node_table_above(const struct trie_node *n)
{
	return n->up & 1 ? (struct values *)(n->up - 1) : NULL;
}

static inline struct trie_node *
node_above(const struct trie_node *n)
{
	struct values *v = node_table_above(n);

	return v ? v->node : (struct trie_node *)n->up;
}

/* The branch of the node above that leads here. */
static inline struct trie_branch *
branch_above(const struct trie_node *n)
{
	const struct values *table = node_table_above(n);
	struct trie_branch *b = node_branches(node_above(n));

	while (table ? b->table != table : b->table || b->to.child != n) {
		b++;
	}
	return b;
}

/* What the dearest child of a branch costs. */
static inline uint32_t
branch_cost(const struct trie_branch *b)
{
	return b->table ? b->table->dearest : b->to.child->cost;
}

/* The word of the frame that a test reads. */
static inline uint64_t
field_load(const struct test_field *f, const uint8_t *base)
{
	const void *p = base + f->offset;

	return f->width == 8   ? *(const word64 *)p
	       : f->width == 4 ? *(const word32 *)p
	       : f->width == 2 ? *(const word16 *)p
			       : *(const uint8_t *)p;
}

static inline uint64_t
shift_load(const struct test_field *f, uint64_t mask, const uint8_t *base)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < f->width; i++) {
		value = value << 8 | base[f->offset + (int32_t)i];
	}
	return (value & mask) << f->scale;
}

#endif
