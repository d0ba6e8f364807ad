/* SPDX-License-Identifier: MIT
 * trie.h: many filters merged into one tree of tests, with tables where many test one field.
 *
 * A trie holds the own tests of the filters below one parent. Tries that share memory share a
 * store. A filter is in one trie at most, by the struct trie_filter in its record.
 */
#ifndef KERN_NET_TRIE_H
#define KERN_NET_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <exo/detail.h>
#include "kern/net/canon.h"
#include "kern/net/slab.h"

struct trie_node;
struct shapes;

/* Tests of all packets in one trie, at most: that bounds what a packet costs, the hits and the
 * stack of an evaluation. */
#define TRIE_COST_MAX     48
#define TRIE_BRANCHES_MAX 8
#define TRIE_HITS_MAX     (TRIE_COST_MAX + 1)

struct trie_filter {
	struct trie_filter *next; /* that ends at the same node */
	uintptr_t back;           /* the previous one, or node | 1; 0: in no trie */
};

struct trie_store {
	struct slab *slab;
	struct shapes *shapes; /* NULL: nothing is compiled */
	uint64_t seed;         /* of the tables: not 0, and not known to who makes filters */
};

struct trie {
	struct trie_node *root; /* NULL: no filter */
	uint32_t known_bytes;   /* canon.known_bytes of all its filters */
};

struct trie_hit {
	struct trie_node *node; /* where filters end that match */
	const uint8_t *base;    /* where the tests of their children count from */
};

/* Add f with the tests of c. 0, or with nothing changed E_NOSPACE: no memory, or E_LIMIT: too many
 * branches of one node, a packet could cost more than TRIE_COST_MAX, or a table is too uneven. Or
 * TRIE_AGAIN: that was the first half, a run was split, so that the trie has a node more than it
 * needs until trie_insert with the same c, or trie_tidy. */
#define TRIE_AGAIN 1
int trie_insert(struct trie_store *s, struct trie *t, const struct canon *c, struct trie_filter *f);
void trie_tidy(struct trie_store *s, struct trie *t, const struct canon *c);
/* Both halves at once. */
static inline int
trie_insert_whole(struct trie_store *s, struct trie *t, const struct canon *c,
		  struct trie_filter *f)
{
	int error = trie_insert(s, t, c, f);

	return error == TRIE_AGAIN ? trie_insert(s, t, c, f) : error;
}
/* Never fails. f is in t. */
void trie_remove(struct trie_store *s, struct trie *t, struct trie_filter *f);

/* All that the packet matches: hits, in no order; returns how many. The packet is
 * [frame, end); base is where the trie's tests count from: the frame, or the hit of the parent. */
uint32_t trie_walk(const struct trie *t, const uint8_t *base, const uint8_t *end,
		   struct trie_hit *hits);
/* The rest below a node, in C, as its code would: returns the end of the hits. What stands as the
 * code of nodes without any calls it, and may first see whether there is code by now (shape_code).
 */
struct trie_hit *trie_step(const uint8_t *base, const uint8_t *end, struct trie_node *node,
			   struct trie_hit *hits);
/* The first of the filters of a hit, the others by ->next. */
struct trie_filter *trie_filters(const struct trie_node *node);

/* The tests on the way to a node where filters end, into test[first] .. test[EXO_TESTS_MAX - 1]:
 * returns first. Nodes are numbered by their distance from `from`. */
uint32_t trie_path(const struct trie_node *n, const void *from, struct exo_filter_test *test);

/* Is a filter with the tests of c provably disjoint from all others in t? NULL: yes. Else the
 * one that is in the way, or TRIE_UNKNOWN: more than `steps` tests, of c or of the trie, had
 * to be looked at (some 55 instructions each). `apart`, if there, is asked about each that c does
 * not conflict with by itself, and may say that it is no matter (a share), or disjoint for another
 * reason. */
#define TRIE_UNKNOWN ((struct trie_filter *)1)
typedef bool (*trie_apart)(void *context, struct trie_filter *other);
struct trie_filter *trie_in_the_way(const struct trie *t, const struct canon *c, uint32_t steps,
				    trie_apart apart, void *context);

/* NULL, or the invariant that does not hold. */
const char *trie_check(const struct trie_store *s, const struct trie *t);

#endif
