/* SPDX-License-Identifier: MIT
 * lock.h: a fair spin lock between harts, short when nobody else wants it.
 *
 * `users` counts the holder and who waits. Who finds it 0 has the lock: one atomic addition.
 * Anybody else takes a ticket and waits for his turn; whoever lets go while others are counted
 * gives exactly one turn. Turns and tickets go up one by one and nobody finds 0 while somebody
 * waits, so the order is that of the tickets and nobody is overtaken. Interrupts are off in the
 * kernel, so a holder is never interrupted. Lock order: tree lock, then console lock.
 */
#ifndef KERN_LOCK_H
#define KERN_LOCK_H

#include <stdint.h>

struct lock {
	uint32_t users;
	uint32_t ticket; /* the next one */
	uint32_t turn;   /* tickets below have had the lock, or have it */
};

/* Off the short ways: kern/lock.c. */
void lock_wait(struct lock *l);
void lock_hand_over(struct lock *l);

static inline void
lock_acquire(struct lock *l)
{
	if (__builtin_expect(__atomic_fetch_add(&l->users, 1, __ATOMIC_ACQUIRE) != 0, 0)) {
		lock_wait(l);
	}
}

static inline void
lock_release(struct lock *l)
{
	if (__builtin_expect(__atomic_fetch_sub(&l->users, 1, __ATOMIC_RELEASE) != 1, 0)) {
		lock_hand_over(l);
	}
}

#endif
