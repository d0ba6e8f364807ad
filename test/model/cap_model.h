/* SPDX-License-Identifier: MIT
 * cap_model.h: capabilities as an array with parent indexes: slow, obvious, and what kern/cap.c is
 * compared with.
 */
#ifndef TEST_MODEL_CAP_MODEL_H
#define TEST_MODEL_CAP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_SLOTS     48
#define MODEL_DEPTH_MAX 32

enum model_kind {
	MODEL_ROOT,
	MODEL_CARVED,
	MODEL_SHARED,
	MODEL_OBJECT,
};

struct model_cap {
	uint32_t type; /* 0: empty */
	enum model_kind kind;
	int parent; /* of a root: itself */
	int bindings;
	bool pool;   /* it got carved children or objects, and still has children */
	bool shares; /* the same of shares that are no taps */
	bool dying;
	bool leaving;
	uint64_t rights;
	uint64_t start;
	uint64_t count; /* PACKET: the quota it was made with */
	uint64_t badge;
	uint64_t carve;
};

struct cap_model {
	struct model_cap slot[MODEL_SLOTS];
	uint64_t generation[MODEL_SLOTS];
	uint64_t carves;
};

/* What a call may answer: bit -error for each error whose reason is there; 0 means it must succeed.
 */
#define MODEL_ERROR(error) (1ull << -(error))

uint64_t model_carve(const struct cap_model *m, int parent, int dst,
		     const struct model_cap *wanted);
uint64_t model_share(const struct cap_model *m, int parent, int dst,
		     const struct model_cap *wanted);
uint64_t model_object(const struct cap_model *m, int parent, int dst, uint32_t type);
uint64_t model_move(const struct cap_model *m, int c, int dst);
uint64_t model_use(const struct cap_model *m, int c);
uint64_t model_trim(const struct cap_model *m, int c, uint64_t start, uint64_t count);

/* Put `wanted` (rights, start, count, badge) into dst as a child of `parent`; move it; empty its
 * slot. */
void model_add(struct cap_model *m, int parent, int dst, enum model_kind kind, uint32_t type,
	       const struct model_cap *wanted);
void model_give(struct cap_model *m, int c, int dst);
void model_remove(struct cap_model *m, int c);

bool model_overlaps(const struct model_cap *a, const struct model_cap *b);
bool model_is_below(const struct cap_model *m, int c, int above);
bool model_has(const struct cap_model *m, int c, enum model_kind kind);
bool model_is_leaf(const struct cap_model *m, int c);
bool model_is_whole(const struct cap_model *m, int c);
int model_depth(const struct cap_model *m, int c);
uint64_t model_quota(const struct cap_model *m, int c);

#endif
