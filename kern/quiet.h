/* SPDX-License-Identifier: MIT
 * quiet.h: when nobody can be in the middle of looking at something any more.
 *
 * The short way of a call (arch/riscv/transfer.S) looks at capability slots and environments
 * without the lock. So their frames become others' only when each hart has been in C code since
 * the last capability to them left its slot. Whoever takes them apart asks with quiet_since();
 * each hart is sent an IPI, and answers when it takes it.
 */
#ifndef KERN_QUIET_H
#define KERN_QUIET_H

#include "kern/kernel.h"
#include "lib/base/store.h"

/* This hart is in C code. */
static inline void
quiet_pass(struct hart *h)
{
	uint32_t asked = __atomic_load_n(&h->kernel->quiet.asked, __ATOMIC_RELAXED);

	if (asked != h->quiet_seen) {
		__atomic_thread_fence(__ATOMIC_ACQ_REL);
		store_release(&h->quiet_seen, asked);
	}
}

/* Has every other hart been in C code since the object with this number died (kernel.dead_next)?
 * Asks if need be. Tree lock. */
bool quiet_since(struct kernel *k, uint32_t number);

#endif
