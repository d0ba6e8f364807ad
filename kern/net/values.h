/* SPDX-License-Identifier: MIT
 * values.h: the table of a branch with several values: which value leads to which child.
 */
#ifndef KERN_NET_VALUES_H
#define KERN_NET_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include "kern/net/slab.h"
#include "kern/net/trie.h"

struct trie_branch;

struct value_slot {
	uint64_t key;
	struct trie_node *child; /* NULL: empty */
};

struct values {
	struct trie_node *node;   /* whose branch this is */
	struct value_slot *fresh; /* will replace the slots, or NULL */
	uint64_t multiplier;      /* of the fresh ones */
	uintptr_t mixed;          /* all children, XORed: of one that is it */
	uint32_t count;
	uint32_t done; /* slots cleared of the fresh ones, then moved of the old */
	uint8_t bits;  /* there are 1 << bits slots */
	uint8_t fresh_bits;
	uint8_t dearest;                      /* cost of the dearest child */
	uint16_t children[TRIE_COST_MAX + 1]; /* how many cost so much */
};

/* Make the one value of a branch a table with it alone; the node whose branch it is. */
int values_make(struct trie_store *s, struct trie_branch *b, struct trie_node *node);
/* A table with one value becomes that value. */
void values_end(struct trie_store *s, struct trie_branch *b);
/* The child of a value, or NULL. */
struct trie_node *values_find(const struct trie_branch *b, uint64_t key);
/* The slot of a value, or the empty one where it would be. NULL: too far. */
struct value_slot *values_slot(const struct trie_branch *b, uint64_t key);
/* Add a child under its key, to that value's slot: 0, or with nothing changed E_LIMIT, E_NOSPACE.
 */
int values_add(struct trie_store *s, struct trie_branch *b, struct value_slot *slot,
	       struct trie_node *child);
/* The child of its key, which is there, is another one now. Costs stay. */
void values_replace(struct trie_branch *b, struct trie_node *child);
/* It is no longer. */
void values_remove(struct trie_store *s, struct trie_branch *b, const struct trie_node *child);
/* A child's cost changes. */
void values_recost(struct values *v, uint32_t from, uint32_t to);
/* NULL, or the invariant that does not hold. */
const char *values_check(const struct trie_branch *b);

#endif
