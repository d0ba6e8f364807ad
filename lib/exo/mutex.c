/* SPDX-License-Identifier: MIT
 * mutex.c: see mutex.h.
 *
 * The word of a mutex that is held heads a list of those who wait, the newest first:
 *
 *	word -> newest -> ... -> oldest -> 0        (+ 1: held)
 *
 * Anybody may push (compare and exchange of the word); only the holder takes one out, the oldest.
 * So a record that the holder sees stays in the list, and its `next`, written before it was pushed,
 *is the holder's alone. The lock is never free in between: it passes from the holder to the oldest,
 * who therefore waits for those before it only. A record is its owner's again with `is_granted`;
 * whoever sets that does not touch the record afterwards.
 */
#include "lib/exo/mutex.h"

#include <exo/errors.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define SLEEP_MASK EXO_EVENT(EXO_THREAD_BIT)

struct exo_waiter {
	struct exo_waiter *next;
	exo_handle env;
	atomic_bool is_granted;
};

/* The bit may have been raised for another reason, or an upcall have ended the sleep. */
static void
granted_wait(struct exo_waiter *w, uint64_t deadline)
{
	while (!atomic_load_explicit(&w->is_granted, memory_order_acquire) &&
	       exo_ticks() < deadline) {
		exo_sleep(SLEEP_MASK, deadline);
	}
}

static void
grant(struct exo_waiter *w)
{
	exo_handle env = w->env;

	atomic_store_explicit(&w->is_granted, true, memory_order_release);
	exo_signal(env, SLEEP_MASK);
}

/* True: the lock was free and is the caller's. */
static bool
mutex_push(struct exo_mutex *m, struct exo_waiter *w)
{
	uint64_t was = atomic_load_explicit(&m->word, memory_order_relaxed);
	uint64_t wanted;

	do {
		w->next = (struct exo_waiter *)(was & ~1ul);
		wanted = was == EXO_MUTEX_FREE ? EXO_MUTEX_HELD : (uint64_t)w | 1;
	} while (!atomic_compare_exchange_weak_explicit(
		&m->word, &was, wanted, memory_order_acq_rel, memory_order_relaxed));
	return was == EXO_MUTEX_FREE;
}

void
exo_mutex_wait(struct exo_mutex *m)
{
	struct exo_waiter w = {.env = exo_own_env()};

	if (!mutex_push(m, &w)) {
		granted_wait(&w, EXO_FOREVER);
	}
}

/* Takes the oldest out of the list that begins at `newest`, which is not alone in it. */
static struct exo_waiter *
list_cut(struct exo_waiter *newest)
{
	struct exo_waiter *before = newest;
	struct exo_waiter *oldest;

	while (before->next->next) {
		before = before->next;
	}
	oldest = before->next;
	before->next = NULL;
	return oldest;
}

void
exo_mutex_pass(struct exo_mutex *m)
{
	uint64_t was = atomic_load_explicit(&m->word, memory_order_acquire);
	struct exo_waiter *newest = (struct exo_waiter *)(was & ~1ul);

	/* One that is alone leaves an empty list, unless another is pushed meanwhile. */
	if (!newest->next &&
	    atomic_compare_exchange_strong_explicit(&m->word, &was, EXO_MUTEX_HELD,
						    memory_order_acq_rel, memory_order_acquire)) {
		grant(newest);
		return;
	}
	grant(list_cut((struct exo_waiter *)(was & ~1ul)));
}

/* --- condition variables -------------------------------------------------------------------- */
static void
condition_append(struct exo_condition *c, struct exo_waiter *w)
{
	struct exo_waiter **end = &c->first;

	while (*end) {
		end = &(*end)->next;
	}
	*end = w;
}

static void
condition_remove(struct exo_condition *c, struct exo_waiter *w)
{
	struct exo_waiter **at = &c->first;

	while (*at != w) {
		at = &(*at)->next;
	}
	*at = w->next;
}

int
exo_condition_wait(struct exo_condition *c, struct exo_mutex *m, uint64_t timeout_ns)
{
	struct exo_waiter w = {.env = exo_own_env()};
	bool in_time;

	exo_mutex_lock(&c->lock);
	condition_append(c, &w);
	exo_mutex_unlock(&c->lock);
	exo_mutex_unlock(m);
	granted_wait(&w, exo_deadline_after(exo_ticks(), timeout_ns, exo_start()->timebase_hz));
	exo_mutex_lock(&c->lock);
	in_time = atomic_load_explicit(&w.is_granted, memory_order_relaxed);
	if (!in_time) {
		condition_remove(c, &w);
	}
	exo_mutex_unlock(&c->lock);
	exo_mutex_lock(m);
	return in_time ? 0 : E_TIMEOUT;
}

/* The lock of the condition is held. */
static void
condition_grant(struct exo_condition *c)
{
	struct exo_waiter *w = c->first;

	c->first = w->next;
	grant(w);
}

void
exo_condition_signal(struct exo_condition *c)
{
	exo_mutex_lock(&c->lock);
	if (c->first) {
		condition_grant(c);
	}
	exo_mutex_unlock(&c->lock);
}

void
exo_condition_broadcast(struct exo_condition *c)
{
	exo_mutex_lock(&c->lock);
	while (c->first) {
		condition_grant(c);
	}
	exo_mutex_unlock(&c->lock);
}

/* --- once ----------------------------------------------------------------------------------- */
void
exo_once(struct exo_once *o, void (*function)(void))
{
	if (atomic_load_explicit(&o->done, memory_order_acquire)) {
		return;
	}
	exo_mutex_lock(&o->lock);
	if (!atomic_load_explicit(&o->done, memory_order_relaxed)) {
		function();
		atomic_store_explicit(&o->done, true, memory_order_release);
	}
	exo_mutex_unlock(&o->lock);
}
