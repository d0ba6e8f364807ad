/* SPDX-License-Identifier: MIT
 * dispatch.h: the table of call handlers, for the trap code.
 */
#ifndef KERN_SYS_DISPATCH_H
#define KERN_SYS_DISPATCH_H

#include "kern/env.h"
#include "kern/hart.h"

/* `e` has entered the kernel by a trap, and control may have gone to it by the short way: its hart.
 */
static inline struct hart *
hart_enter(struct env *e)
{
	struct hart *h = e->hart;

	h->current = e;
	hart_sync(h);
	return h;
}

/* End of the table: the handler of call nr stands nr words below. */
extern const void *const dispatch_table_end;

#endif
