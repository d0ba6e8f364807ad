/* SPDX-License-Identifier: MIT
 * transfer.h: control transfer: who serves whose call. See transfer.c.
 *
 * A chain: an environment that calls, the one that serves it, the one that serves that, ... All are
 * at home on one hart. The first is the root; its slices run the last, the active one.
 */
#ifndef KERN_TRANSFER_H
#define KERN_TRANSFER_H

#include "kern/env.h"

#define TRANSFER_DEPTH 16 /* calls below each other */

static inline struct env *
transfer_env(uint64_t tp)
{
	return tp ? (struct env *)(tp - PAGE_SIZE) : NULL;
}

/* Whose call it serves / who serves its call, or NULL. */
static inline struct env *
transfer_caller(const struct env *e)
{
	return e->arch.back ? transfer_env(e->arch.back) : e->caller;
}

static inline struct env *
transfer_callee(const struct env *e)
{
	return transfer_env(e->arch.callee);
}

/* Who runs when it is e's turn. */
static inline struct env *
transfer_active(struct env *e)
{
	while (e->arch.callee) {
		e = transfer_env(e->arch.callee);
	}
	return e;
}

/* Does it wait for a call? */
static inline bool
transfer_is_open(const struct env *e)
{
	return e->state == EXO_STATE_OPEN && !transfer_caller(e);
}

/* All of these: home hart; contexts are saved. */

/* May `e` call `to`, which is at home here? 0, E_BUSY, E_DEPTH. */
int transfer_check(const struct env *e, const struct env *to);
/* `e`, whose turn it is, calls `to` / sends to it / answers its caller; its registers go along, t0
 * there is `badge` or 0, t1 `gift`. The pc of `e` is where it goes on, or for an answer its call.
 */
void transfer_call(struct env *e, struct env *to, uint64_t badge, uint64_t gift);
void transfer_send(struct env *e, struct env *to, uint64_t badge, uint64_t gift);
void transfer_answer(struct env *e, uint64_t gift);
/* `e` has given up its turn: it, and those that yield to it, may do so by the short way. */
void transfer_yielded(struct env *e);
/* The same of one that sleeps, without a deadline, and those that notify it. */
void transfer_napped(struct env *e);
/* `e`, which runs and serves nobody, waits for a call from now on. */
void transfer_open(struct env *e);
/* An open one runs for another reason. */
void transfer_close(struct env *e);
/* The answer of `e`, which serves, comes by the long way, which refuses it. */
void transfer_refuse(struct env *e);
/* The call entry point of `e`, which runs or is about to, may have changed: there is no short way
 * to open without one. */
static inline void
transfer_entry(struct env *e)
{
	if (e->arch.back && !e->call_entry) {
		transfer_refuse(e);
	}
}
/* `e`, which has transferred control before, stops or sleeps / goes on: sets its state in that
 * case. */
void transfer_rest(struct env *e);
void transfer_run(struct env *e);
/* e's call, if there is one, is over without an answer: it goes on with `status`. */
void transfer_abandon(struct env *e, int64_t status);
/* `e` ends: its callee loses its caller, its caller goes on with E_DEAD. */
void transfer_die(struct env *e);
/* `e` can no longer run / can again: so can those that wait for it. */
void transfer_block(struct env *e);
void transfer_unblock(struct env *e);
/* A turn of the chain of `root` begins or goes on: end the first call in it whose time is up, and
 * see to it that upcalls come with the answers that those get who wait. */
void transfer_begin(struct env *root, uint64_t now);

/* All named invariants of one that transferred control: NULL or the first one broken. */
const char *transfer_check_env(const struct env *e);

#endif
