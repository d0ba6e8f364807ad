/* SPDX-License-Identifier: MIT
 * frame_rig.h: what a random test of frames works on: capabilities and their mappings, as it knows
 * them itself, next to the model of the frames and the kernel.
 */
#ifndef TEST_UNIT_FRAME_RIG_H
#define TEST_UNIT_FRAME_RIG_H

#include <exo/ring.h>

#include "test/model/calls.h"
#include "test/model/frame_model.h"

#define CAPS   24
#define PLACES 32           /* of one page */
#define REGION 0x40000000ul /* the places; 2 MiB further, those of large pages */
#define SLOT0  200u         /* of the capabilities */
#define RWX    (EXO_READ | EXO_WRITE | EXO_EXEC)

enum rig_op {
	OP_CARVE,
	OP_SHARE,
	OP_DROP,
	OP_TRIM,
	OP_MAP,
	OP_CODE,
	OP_UNMAP,
	OP_CLEAR,
	OP_LARGE,
	OP_SMALL,
	OP_CREATE,
	OP_PIN,
	OP_WORK,
	OP_WRITE,
	OP_REFUSED,
	OP_AWAITED,
	OPS,
};

struct rig_cap {
	exo_handle handle; /* 0: none */
	int parent;        /* -1: the pool */
	uint64_t carve;
	uint64_t start;
	uint64_t count;
	bool is_object;
	bool is_share; /* or below one */
};

struct rig_mapping {
	int cap; /* -1: free */
	uint64_t frame;
};

extern struct frame_model model;
extern struct rig_cap caps[CAPS];
extern struct rig_mapping places[PLACES], large[MODEL_UNITS];
extern struct rig {
	uint64_t seed;
	uint64_t first;   /* page of frame 0 */
	exo_handle pool;  /* all frames of the model */
	exo_handle other; /* none of them */
	exo_handle ring;  /* of the disk */
	exo_handle blocks;
	struct exo_ring *shared;
	struct rig_mapping flights[EXO_SQ_SIZE]; /* frames of transfers, the shares used */
	uint32_t flying;
	uint64_t done[OPS];
} rig;

/* Boot, make the pool and the ring. */
void rig_set_up(void);
/* The model begins again with all frames free, and what is in them now unknown. */
void rig_forget(void);
uint64_t rig_draw(uint64_t limit);
/* A capability, -1: there is none; a free place for one, -1. */
int rig_draw_cap(void);
int rig_free_cap(void);
/* The number that a page of a capability has in the model. */
uint64_t rig_frame(const struct rig_cap *c, uint64_t offset);
/* Carve or share; drop; trim; all transfers end. */
void rig_derive(enum rig_op op);
void rig_drop(void);
void rig_trim(void);
void rig_work(void);
/* The kernel has what the model has, and all invariants hold. */
void rig_compare(uint64_t step);

#endif
