/* SPDX-License-Identifier: MIT
 * lock.h: a fair (ticket) spin lock between harts.
 *
 * Interrupts are off in the kernel, so a holder is never interrupted. Lock order: tree lock, then
 * console lock.
 */
#ifndef KERN_LOCK_H
#define KERN_LOCK_H

#include <stdint.h>

struct lock {
	uint32_t next;
	uint32_t owner;
};

static inline void
lock_acquire(struct lock *l)
{
	uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) {
	}
}

static inline void
lock_release(struct lock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

#endif
