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
	uint64_t next; /* 64 bits: what the atomic instructions return needs no conversion */
	uint64_t owner;
};

/* Returns the ticket, which is what lock_release_ticket() wants. */
static inline uint64_t
lock_acquire(struct lock *l)
{
	uint64_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (*(volatile uint64_t *)&l->owner != ticket) {
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return ticket;
}

/* A plain store: the compiler makes an exchange of an atomic one. */
static inline void
lock_release_ticket(struct lock *l, uint64_t ticket)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint64_t *)&l->owner = ticket + 1;
}

static inline void
lock_release(struct lock *l)
{
	lock_release_ticket(l, l->owner);
}

#endif
