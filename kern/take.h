/* SPDX-License-Identifier: MIT
 * take.h: revoke, drop and trim on behalf of an environment, and the end of what a dead one began.
 */
#ifndef KERN_TAKE_H
#define KERN_TAKE_H

#include "kern/env.h"

enum take {
	TAKE_REVOKE = 1, /* [start, start + count), or everything if count is 0 */
	TAKE_DROP,
	TAKE_TRIM, /* keep [start, start + count) */
};

/* One step at a capability of e's. 0, CAP_AGAIN, or an error. Remembers in e what is unfinished.
 * Tree lock. */
int take_step(struct env *e, enum take what, exo_handle capability, uint64_t start, uint64_t count);
/* After a revoke's last step: what was revoked shall be free to be used again when the call
 * returns. 0: all that was dead then is gone; CAP_AGAIN: not yet, and nothing is derived below
 * meanwhile. For what others let die later nobody waits. Tree lock. */
int take_await(struct env *e);
/* One step at what e, which will not run again, left unfinished: a mark of a revocation that
 * nobody goes on with would slow everybody down. 0, CAP_AGAIN, E_BUSY. Tree lock. */
int take_finish(struct env *e);

#endif
