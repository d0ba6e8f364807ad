/* SPDX-License-Identifier: MIT
 * detail.h: what exo_env_detail tells about a ring, and about a filter among the merged ones.
 *
 * The filters derived from one stand in a trie, by what they test beyond it. The way from its root
 * to where a filter ends is that filter's own tests, each in the node at the place `node`; so the
 * ways of all of them, laid side by side, are the trie. Places only tell things apart.
 */
#ifndef EXO_DETAIL_H
#define EXO_DETAIL_H

#include <exo/types.h>

#define EXO_TESTS_MAX 24 /* of one filter, beyond its parent's */

enum exo_test_kind {
	EXO_TEST_COMPARE = 1, /* the little-endian word at base + offset & mask is value */
	EXO_TEST_SHIFT = 2,   /* base += (big-endian word at base + offset & mask) << scale */
};

struct exo_filter_test {
	int16_t offset; /* of the word, from the base; may begin 2 before it */
	uint16_t end;   /* bytes from the base on that must exist */
	uint8_t width;  /* 1 to 8 bytes */
	uint8_t kind;   /* enum exo_test_kind */
	uint8_t scale;
	uint8_t table; /* not 0: the value is looked up among several, in a hash table */
	uint64_t mask;
	uint64_t value; /* compare only */
	uint32_t node;  /* tests of one node all hold, but the last one of a way: that leads on */
	uint32_t zero;
};

struct exo_filter_info {
	uint64_t hits;   /* packets that it matched */
	uint32_t parent; /* number of the filter it was derived from, 0: the whole NIC */
	uint32_t place;  /* its own */
	uint32_t end;    /* the place of the node that it ends at; 0: it is the whole NIC */
	/* test[first] to test[EXO_TESTS_MAX - 1] are its. Above EXO_TESTS_MAX: it ends where
	 * another filter does, and `end` is that one's place. */
	uint32_t first;
	uint32_t is_shared;
	uint32_t has_ring;
	struct exo_filter_test test[EXO_TESTS_MAX];
};

/* The kernel's own indices, and those that the user wrote, whatever they are. */
struct exo_ring_info {
	uint32_t packets; /* start of the bound PACKET, UINT32_MAX: none is */
	uint32_t kind;    /* enum exo_ring_kind */
	uint32_t event_bit;
	uint32_t buffers;   /* RECEIVE: packets that fit */
	uint32_t in_flight; /* others: transfers at the device */
	uint32_t sq_head;
	uint32_t sq_tail; /* the user's */
	uint32_t cq_tail; /* RECEIVE: packets received */
	uint32_t cq_head; /* the user's */
	int32_t error;    /* not 0: the ring stands still */
	uint32_t dropped; /* RECEIVE: packets that found it full, */
	uint32_t handled; /* that its handler dealt with, */
	uint32_t failed;  /* and runs of that which ended early */
};

union exo_detail {
	struct exo_filter_info filter;
	struct exo_ring_info ring;
};

#endif
