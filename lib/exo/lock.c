/* SPDX-License-Identifier: MIT
 * lock.c: see lock.h; and the locks that the C library asks for, which are this one: it protects
 * malloc, which calls sbrk.
 *
 * State: `owner` is the u-area of the environment that holds the mutex, 0: nobody's. Nobody but the
 * owner finds its own address there, so it may be read at any time.
 */
#include "lib/exo/lock.h"

#include <sys/lock.h>

#include "lib/exo/mutex.h"
#include "lib/exo/start.h"

bool exo_has_threads;

static struct {
	struct exo_mutex mutex;
	_Atomic uint64_t owner;
	uint64_t depth;
} lock;

void
exo_lock_begin(void)
{
	exo_has_threads = true;
}

void
exo_lock_take(void)
{
	uint64_t self = exo_own_uarea();

	if (atomic_load_explicit(&lock.owner, memory_order_relaxed) != self) {
		exo_mutex_lock(&lock.mutex);
		atomic_store_explicit(&lock.owner, self, memory_order_relaxed);
	}
	lock.depth++;
}

void
exo_lock_leave(void)
{
	if (--lock.depth == 0) {
		atomic_store_explicit(&lock.owner, 0, memory_order_relaxed);
		exo_mutex_unlock(&lock.mutex);
	}
}

/* --- picolibc: sys/lock.h ------------------------------------------------------------------- */
struct __lock {
	char unused;
};
struct __lock __lock___libc_recursive_mutex;

void
__retarget_lock_init(_LOCK_T *l)
{
	(void)l;
}

void
__retarget_lock_init_recursive(_LOCK_T *l)
{
	(void)l;
}

void
__retarget_lock_close(_LOCK_T l)
{
	(void)l;
}

void
__retarget_lock_close_recursive(_LOCK_T l)
{
	(void)l;
}

void
__retarget_lock_acquire(_LOCK_T l)
{
	(void)l;
	exo_library_lock();
}

void
__retarget_lock_acquire_recursive(_LOCK_T l)
{
	(void)l;
	exo_library_lock();
}

void
__retarget_lock_release(_LOCK_T l)
{
	(void)l;
	exo_library_unlock();
}

void
__retarget_lock_release_recursive(_LOCK_T l)
{
	(void)l;
	exo_library_unlock();
}
