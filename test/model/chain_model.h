/* SPDX-License-Identifier: MIT
 * chain_model.h: who serves whose call, as arrays: what kern/transfer.c is compared with. What a
 * call answers stands here; when a deadline is looked at, and whose turn it is, does not.
 */
#ifndef TEST_MODEL_CHAIN_MODEL_H
#define TEST_MODEL_CHAIN_MODEL_H

#include <stdbool.h>

#define CHAIN_MEMBERS 20
#define CHAIN_DEPTH   16
#define CHAIN_NOBODY  (-1)

enum chain_state { CHAIN_READY, CHAIN_OPEN, CHAIN_ASLEEP, CHAIN_STOPPED, CHAIN_DEAD };

/* Indexed by member. One that serves is READY, and so is one that waits for its answer. */
struct chain_model {
	enum chain_state state[CHAIN_MEMBERS];
	int caller[CHAIN_MEMBERS];
	int callee[CHAIN_MEMBERS];
	bool is_gone[CHAIN_MEMBERS]; /* whom it serves no longer waits */
};

void chain_init(struct chain_model *m);
int chain_root(const struct chain_model *m, int e);
/* Can the last one of its chain run in e's time? */
bool chain_can_run(const struct chain_model *m, int e);
/* May `e` call (or send to) `to`? 0 or the error. */
int chain_check(const struct chain_model *m, int e, int to);
void chain_call(struct chain_model *m, int e, int to);
void chain_send(struct chain_model *m, int to);
/* 0, or E_GONE and the next one will open. */
int chain_reply(struct chain_model *m, int e);
/* e's call ends without an answer. */
void chain_abandon(struct chain_model *m, int e);
void chain_stop(struct chain_model *m, int e);
void chain_die(struct chain_model *m, int e);

#endif
