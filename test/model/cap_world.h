/* SPDX-License-Identifier: MIT
 * cap_world.h: a small machine full of capabilities, driven by drawn numbers, next to the model.
 *
 * Each step draws an operation and its arguments, applies it to kern/cap.c and to the model and
 * compares everything: results, slots, parents, bindings, hooks, cap_check(). Two revocations may
 * be under way at any time, between other operations. Users: test/unit/cap_test.c (random numbers),
 * test/fuzz/cap.c (the fuzzer's bytes).
 */
#ifndef TEST_MODEL_CAP_WORLD_H
#define TEST_MODEL_CAP_WORLD_H

#include "kern/cap.h"
#include "test/model/cap_model.h"

#define WORLD_BINDINGS 64 /* half page-table entries, half nodes in objects */
#define WORLD_PAGES    16
#define WORLD_REVOKERS 2
#define WORLD_PACKETS  12 /* bits in a predicate */

enum world_op {
	OP_CARVE,
	OP_SHARE,
	OP_OBJECT,
	OP_MOVE,
	OP_BIND,
	OP_UNBIND,
	OP_TRIM,
	OP_REVOKE,
	OP_STEP,
	OP_SETTLE,
	OP_BUSY,
	OP_COUNT,
};

struct world_binding {
	int cap; /* -1: free */
	bool busy;
	bool writable;
};

struct world_revoker {
	bool active;
	bool drop;
	bool pristine; /* E_BUSY must mean that everything else is gone */
	int cap;
	uint64_t generation;
	uint64_t start;
	uint64_t count;
	uint64_t from;
};

struct world {
	struct captree tree; /* first: hooks get only this */
	struct cap_model model;
	struct world_binding binding[WORLD_BINDINGS];
	struct world_revoker revoker[WORLD_REVOKERS];
	bool fenced;
	/* seen by the hooks in this step */
	int lost;
	int destroyed;
	int unbound;
	const char *failure;  /* the first difference */
	uint64_t done[16];    /* how often each operation succeeded: tests look that none is idle */
	uint64_t refused[64]; /* how often each error came */
	uint8_t *ram;
};

/* A number in [0, limit). */
typedef uint64_t (*world_draw)(void *from, uint64_t limit);

/* Make the roots. `ram` is WORLD_PAGES pages, 8192-byte aligned. */
void world_init(struct world *w, uint8_t *ram);
/* One operation; NULL or what differs. */
const char *world_step(struct world *w, world_draw draw, void *from);

/* The rest is for the files of the world: ops, revocations, hooks. */
struct cap *world_cap(const struct world *w, int slot);
int world_slot(const struct world *w, const struct cap *c);
uint32_t world_binding_id(const struct world *w, int binding);
int world_binding_of(const struct world *w, uint32_t id);
void world_expect(struct world *w, bool holds, const char *what);
const char *world_compare(struct world *w);
/* A slot that is filled; a range, mostly within p. */
int world_draw_filled(struct world *w, world_draw draw, void *from);
void world_draw_range(const struct model_cap *p, world_draw draw, void *from, uint64_t *start,
		      uint64_t *count);
/* Start a revocation or drop; do one step of one that is under way (cap_revoker.c). */
void world_revoke(struct world *w, world_draw draw, void *from);
void world_revoke_step(struct world *w, world_draw draw, void *from);

#endif
