/* SPDX-License-Identifier: MIT
 * mutex.h: threads of one space wait for each other: mutex, condition variable, once.
 *
 * The kernel knows none of them. A lock that nobody else wants is one atomic exchange; who has to
 * wait puts a record on its own stack into the lock and sleeps until event EXO_THREAD_BIT; who
 * unlocks hands the lock to the one that has waited longest and signals it. All are ready when
 * zero. An event handler must not lock what it may have interrupted: exo_events_hold keeps it away.
 */
#ifndef LIB_EXO_MUTEX_H
#define LIB_EXO_MUTEX_H

#include <stdatomic.h>
#include <stdbool.h>

#include <exo/types.h>

#define EXO_MUTEX_FREE 0
#define EXO_MUTEX_HELD 1 /* and nobody waits; else the address of the newest waiter, + 1 */

struct exo_mutex {
	_Atomic uint64_t word;
};

struct exo_waiter;

struct exo_condition {
	struct exo_mutex lock;
	struct exo_waiter *first; /* who has waited longest */
};

struct exo_once {
	atomic_bool done;
	struct exo_mutex lock;
};

static inline bool
exo_mutex_try(struct exo_mutex *m)
{
	uint64_t was = EXO_MUTEX_FREE;

	return atomic_compare_exchange_strong_explicit(&m->word, &was, EXO_MUTEX_HELD,
						       memory_order_acquire, memory_order_relaxed);
}

void exo_mutex_wait(struct exo_mutex *m);
void exo_mutex_pass(struct exo_mutex *m);

static inline void
exo_mutex_lock(struct exo_mutex *m)
{
	if (!exo_mutex_try(m)) {
		exo_mutex_wait(m);
	}
}

static inline void
exo_mutex_unlock(struct exo_mutex *m)
{
	uint64_t was = EXO_MUTEX_HELD;

	if (!atomic_compare_exchange_strong_explicit(&m->word, &was, EXO_MUTEX_FREE,
						     memory_order_release, memory_order_relaxed)) {
		exo_mutex_pass(m);
	}
}

/* Unlocks `m`, waits until somebody signals, at most `timeout_ns` (EXO_FOREVER: no limit), and
 * locks it again: 0, or E_TIMEOUT. Who waits looks again whether what it waits for is true. */
int exo_condition_wait(struct exo_condition *c, struct exo_mutex *m, uint64_t timeout_ns);
/* Wakes who has waited longest; all. */
void exo_condition_signal(struct exo_condition *c);
void exo_condition_broadcast(struct exo_condition *c);

/* Calls `function` if nobody has; it is over when this returns. */
void exo_once(struct exo_once *o, void (*function)(void));

#endif
