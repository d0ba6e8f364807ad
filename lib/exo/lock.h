/* SPDX-License-Identifier: MIT
 * lock.h: the library's own lock: slots, free pages, addresses and the heap are one program's, and
 * its threads take them in turn. Whoever holds it may take it again.
 *
 * Until there is a thread it costs a look at one word.
 */
#ifndef LIB_EXO_LOCK_H
#define LIB_EXO_LOCK_H

#include <stdbool.h>

extern bool exo_has_threads;

void exo_lock_take(void);
void exo_lock_leave(void);

static inline void
exo_library_lock(void)
{
	if (__builtin_expect(exo_has_threads, 0)) {
		exo_lock_take();
	}
}

static inline void
exo_library_unlock(void)
{
	if (__builtin_expect(exo_has_threads, 0)) {
		exo_lock_leave();
	}
}

/* From now on there are threads: the caller is the only one there is and does not hold the lock. */
void exo_lock_begin(void);

#endif
