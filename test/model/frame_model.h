/* SPDX-License-Identifier: MIT
 * frame_model.h: who holds a frame, as simply as it can be said: what kern/frame.c, kern/claim.c
 * and the page tables' counting are compared with.
 */
#ifndef TEST_MODEL_FRAME_MODEL_H
#define TEST_MODEL_FRAME_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_UNIT  512ul
#define MODEL_GROUP 8ul
#define MODEL_UNITS 2
#define MODEL_PAGES (MODEL_UNITS * MODEL_UNIT)

struct model_frame {
	uint64_t holder; /* carve id of those who bound it last */
	uint64_t text;   /* what they wrote into it, 0: nothing since it was cleared */
	uint32_t mapped; /* in entries of 4 KiB */
	uint32_t pinned; /* by transfers under way */
	bool is_object;
	bool is_code; /* executable before, under this holder */
};

struct frame_model {
	struct model_frame frame[MODEL_PAGES];
	/* of each unit: pages from its first on that its first frame's holder has made ready */
	uint64_t ready[MODEL_UNITS];
	uint32_t large[MODEL_UNITS]; /* entries that map it whole */
};

/* Frame i is about to be bound under `carve`, or to become part of an object: false if it cannot
 * be now. */
bool model_bind(struct frame_model *m, uint64_t i, uint64_t carve);
bool model_take(struct frame_model *m, uint64_t i);
/* The object that it was part of is gone. */
void model_free(struct frame_model *m, uint64_t i);
/* A unit is made ready under `carve`: false if some page cannot be bound. Is it? */
bool model_clear(struct frame_model *m, uint64_t unit, uint64_t carve);
bool model_is_ready(const struct frame_model *m, uint64_t unit, uint64_t carve);
/* A capability now ends or begins before frame i. */
void model_divide(struct frame_model *m, uint64_t i);

#endif
