/* SPDX-License-Identifier: MIT
 * filter_world.h: a trie beside its filters one by one, and random changes and packets for both.
 */
#ifndef TEST_MODEL_FILTER_WORLD_H
#define TEST_MODEL_FILTER_WORLD_H

#include "kern/net/filter.h"
#include "kern/net/shape.h"
#include "kern/net/trie.h"

#define WORLD_FILTERS      64
#define WORLD_PACKET       96 /* bytes, at most */
#define WORLD_MEMORY_BYTES (64 * 1024)

struct filter_rv64;

/* A number in [0, limit), from whatever drives the world. */
typedef uint64_t (*filter_draw)(void *from, uint64_t limit);

struct world_filter {
	struct trie_filter link;
	bool used;
	bool apart;     /* was provably disjoint from all that were there */
	uint32_t since; /* number of its insertion */
	uint32_t atoms; /* the parent's first */
	struct exo_atom atom[EXO_ATOMS_MAX];
};

struct filter_world {
	filter_draw draw;
	void *from;
	uint8_t memory[WORLD_MEMORY_BYTES] __attribute__((aligned(64)));
	bool carving; /* only what is provably disjoint from all others is inserted */
	struct slab slab;
	struct shapes shapes;
	struct trie_store store;
	struct trie above; /* the parent alone */
	struct trie trie;  /* its children */
	struct world_filter parent;
	struct world_filter filter[WORLD_FILTERS];
	struct filter_rv64 *machine; /* runs compiled code on the same packets; NULL: none */
	uint8_t room[8 + WORLD_PACKET + 8] __attribute__((aligned(8)));
	uint8_t *packet; /* in room, FRAME_SKEW behind a multiple of 8 */
	uint32_t bytes;
	/* What happened, for tests that want to know whether they say anything. */
	uint32_t inserted, removed, refused, matched, proven, known_disjoint, full;
};

/* A number below; a filter with the parent's atoms; a packet. */
static inline uint32_t
world_draw(struct filter_world *w, uint32_t limit)
{
	return (uint32_t)w->draw(w->from, limit);
}
void filter_world_filter(struct filter_world *w, struct world_filter *f);
void filter_world_packet(struct filter_world *w);

/* An empty world with a parent; `bytes` of memory, at most WORLD_MEMORY_BYTES. */
void filter_world_init(struct filter_world *w, filter_draw draw, void *from, uint32_t bytes);
/* From now on compiled code is compared as well. */
void filter_world_compiled(struct filter_world *w, struct filter_rv64 *machine);
/* One random change, then packets. NULL, or what went wrong. */
const char *filter_world_step(struct filter_world *w);
/* Remove all: everything must be as in the beginning. */
const char *filter_world_end(struct filter_world *w);

#endif
