/* SPDX-License-Identifier: MIT
 * lock.c: the lock while several harts want it, see lock.h. No state of its own. Pure: builds on
 * the host.
 */
#include "kern/lock.h"

void
lock_wait(struct lock *l)
{
	uint32_t ticket = __atomic_fetch_add(&l->ticket, 1, __ATOMIC_RELAXED);

	while ((int32_t)(__atomic_load_n(&l->turn, __ATOMIC_ACQUIRE) - ticket) <= 0) {
	}
}

void
lock_hand_over(struct lock *l)
{
	/* Only a holder gives turns, so nobody else changes it. */
	__atomic_store_n(&l->turn, l->turn + 1, __ATOMIC_RELEASE);
}
