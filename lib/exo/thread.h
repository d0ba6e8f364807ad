/* SPDX-License-Identifier: MIT
 * thread.h: further environments in the program's own space and capability space, each at home on a
 * hart of its choice, with a stack, thread-local variables, u-area, exceptions and events of its
 *own.
 *
 *	exo_thread_start(&t, hart, body, argument);
 *	exo_thread_join(&t, &status);
 *
 * The kernel sees environments that share two objects, nothing else. To a thread exo_on_exception,
 * exo_on_event, exo_wait, exo_call and exo_serve are about itself. exit() ends the calling thread
 * alone; when the program is ended its threads are. mutex.h has what they wait for each other with.
 */
#ifndef LIB_EXO_THREAD_H
#define LIB_EXO_THREAD_H

#include "lib/exo/vm.h"

#define EXO_THREADS_MAX        48 /* at a time */
#define EXO_THREAD_STACK_PAGES 8

struct exo_thread {
	exo_handle env;
	exo_handle memory; /* the FRAME that the ENV was made of */
	uint64_t uarea;
	struct exo_pages stack; /* thread-local variables are at its end */
	uint64_t (*body)(void *argument);
	void *argument;
	uint64_t death; /* after join: enum exo_death */
};

/* Calls body(argument) in a new thread at home on `hart`; what it returns is its status. `t` is the
 * thread's until it is joined. 0, E_NOSPACE, E_HANDLE (the program was not given its own ENV), or
 * an error of create or env_launch; then nothing has happened. */
int exo_thread_start(struct exo_thread *t, uint32_t hart, uint64_t (*body)(void *argument),
		     void *argument);

/* The same for a thread that runs in the positions of `count` SLOT capabilities of that hart and
 * takes no slack. The slots stay the caller's; exo_unbind them before they are bound again. */
int exo_thread_start_in(struct exo_thread *t, uint32_t hart, const exo_handle *slots,
			uint32_t count, uint64_t (*body)(void *argument), void *argument);

/* Waits until the thread has ended, and frees what it had. Anybody may, one may once. 0 and *status
 * (unless that is 0), or E_DEAD: it ended in another way, as t->death says. */
int exo_thread_join(struct exo_thread *t, uint64_t *status);

/* Ends a thread wherever it is, and frees what it had; what it has locked stays so. 0 or E_BUSY. */
int exo_thread_end(struct exo_thread *t);

/* Ends the calling thread, as returning from its body does. */
_Noreturn void exo_thread_exit(uint64_t status);

#endif
