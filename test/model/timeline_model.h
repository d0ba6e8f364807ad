/* SPDX-License-Identifier: MIT
 * timeline_model.h: one hart's timeline as arrays: slow, obvious, and what kern/timeline.c is
 * compared with.
 */
#ifndef TEST_MODEL_TIMELINE_MODEL_H
#define TEST_MODEL_TIMELINE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_MEMBERS 6
#define MODEL_NOBODY  (-1)

struct timeline_model {
	uint64_t quantum;
	uint64_t slot;
	int owner[CONFIG_TIMELINE_SLOTS];
	bool ready[MODEL_MEMBERS];
	bool slack[MODEL_MEMBERS];
	bool credit[MODEL_MEMBERS];
	bool jumps[MODEL_MEMBERS];
	uint64_t debt[MODEL_MEMBERS];
	uint64_t forfeits[MODEL_MEMBERS];
	int turn[MODEL_MEMBERS]; /* the ring, the next one first */
	int turns;
	int running;
	int donee;
	uint64_t donated_to;
	uint64_t end;
	bool donates_slack;
	bool runs_slack;
	bool given_up;
};

void model_init(struct timeline_model *m, uint64_t quantum);
void model_wake(struct timeline_model *m, int who, uint64_t now);
void model_sleep(struct timeline_model *m, int who);
void model_yield(struct timeline_model *m, uint64_t now);
void model_donate(struct timeline_model *m, int who, uint64_t now);
/* The position is from now on who's, or MODEL_NOBODY's: what was given of it is not any more. */
void model_bind(struct timeline_model *m, uint32_t position, int who);
/* Who runs at `now`; *end gets until when. */
int model_choose(struct timeline_model *m, uint64_t now, uint64_t *end);

#endif
