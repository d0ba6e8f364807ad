/* SPDX-License-Identifier: MIT
 * predicate.h: sleep until a condition holds that the kernel itself looks at.
 *
 * The condition is downloaded code of class predicate (exo/code.h, docs/code.md). It is looked at
 * before the sleep, at each event and signal for the sleeper, whichever, and when a slot of the
 * sleeper begins. So who changes what it reads stores first, then calls exo_signal(env, 0). What it
 * returns is the tag that says why; several conditions are one program with several tags.
 *
 *	exo_predicate_bind(code, memory.frames, 0, sizeof(struct shared));
 *	why = exo_sleep_until(EXO_EVENT(5), exo_ticks() + second);
 */
#ifndef LIB_EXO_PREDICATE_H
#define LIB_EXO_PREDICATE_H

#include <exo/types.h>

/* What ended a sleep. All of it 0: its time is over, an upcall came, or the program or what it
 * reads is gone. */
struct exo_woken {
	uint64_t events; /* of those waited for, no longer pending */
	uint64_t tag;    /* what the predicate returned; EXO_TAG_FAULT: its run ended early */
};

/* From now on the program in `code` (EXO_CODE_RUN) is the calling environment's predicate, instead
 * of the one it had, and reads `bytes` (at most EXO_CODE_SPAN) from byte `offset` (below 2^32) on
 * of `memory`: a FRAME (EXO_READ), the page of a RING, or with EXO_NONE nothing. 0, or an error of
 * exo_bind, then there is no predicate; E_RANGE, then nothing has changed. */
int exo_predicate_bind(exo_handle code, exo_handle memory, uint64_t offset, uint64_t bytes);

/* It has none any more. 0 or E_STATE. */
int exo_predicate_unbind(void);

/* Sleeps until the predicate holds, one of `events` (bits 0 to 62) is raised, or it is `deadline`
 * (ticks as of exo_ticks(); UINT64_MAX: never). Without a predicate that is exo_sleep. */
struct exo_woken exo_sleep_until(uint64_t events, uint64_t deadline);

#endif
