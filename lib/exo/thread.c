/* SPDX-License-Identifier: MIT
 * thread.c: see thread.h.
 *
 * State: which u-areas are in use, under the library's lock. They stand on pages 16 to 63 behind
 * the program's own. Whoever joins a thread becomes its supervisor first and looks at its state
 * then, so an end is either seen or told.
 */
#include "lib/exo/thread.h"

#include <picotls.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/lock.h"
#include "lib/exo/start.h"
#include "lib/exo/stdio.h"
#include "lib/exo/upcall.h"

#define UAREAS    (EXO_UAREA_BASE + 16 * EXO_PAGE_SIZE)
#define TLS_ALIGN 64 /* user.ld */

static uint64_t uareas_used; /* a bit for each */

static uint64_t
uarea_take(void)
{
	uint64_t address = 0;

	exo_library_lock();
	for (uint32_t i = 0; i < EXO_THREADS_MAX && !address; i++) {
		if (!(uareas_used >> i & 1)) {
			uareas_used |= 1ul << i;
			address = UAREAS + i * EXO_PAGE_SIZE;
		}
	}
	exo_library_unlock();
	return address;
}

static void
uarea_leave(uint64_t address)
{
	exo_library_lock();
	uareas_used &= ~(1ul << (address - UAREAS) / EXO_PAGE_SIZE);
	exo_library_unlock();
}

void
exo_thread_exit(uint64_t status)
{
	exo_stdio_flush();
	for (;;) {
		exo_exit(status);
	}
}

/* The first function of a thread. */
static void
thread_main(struct exo_thread *t)
{
	exo_own_uarea_set(t->uarea);
	exo_own_env_set(t->env);
	exo_thread_exit(t->body(t->argument));
}

/* Where its thread-local variables begin, and the stack ends. */
static uint64_t
thread_tls(const struct exo_thread *t)
{
	uint64_t end = (uint64_t)t->stack.memory + EXO_THREAD_STACK_PAGES * EXO_PAGE_SIZE;

	return align_down_u64(end - _tls_size(), TLS_ALIGN);
}

static int
thread_make_stack(struct exo_thread *t)
{
	int result = exo_stack_make(&t->stack, EXO_THREAD_STACK_PAGES);

	if (result == 0) {
		_init_tls((void *)thread_tls(t));
	}
	return result;
}

static int
thread_make_env(struct exo_thread *t, uint32_t hart, uint64_t flags)
{
	uint64_t home = hart | (flags | (exo_start()->env_flags & EXO_ENV_FP)) << 8;
	int result = exo_frames_create(exo_own_frames(), EXO_CAP_ENV, home, t->uarea, &t->env,
				       &t->memory);

	return result < 0
		       ? result
		       : exo_vm_map_at(exo_own_vm(), t->uarea, t->env, 0, 1, EXO_READ | EXO_WRITE);
}

static int
thread_launch(struct exo_thread *t)
{
	struct exo_launch l = {.space = exo_start()->space,
			       .cspace = exo_start()->cspace,
			       .supervisor = exo_own_env(),
			       .supervisor_bit = EXO_THREAD_BIT,
			       .pc = (uint64_t)thread_main,
			       .sp = thread_tls(t),
			       .tp = thread_tls(t),
			       .arguments = {(uint64_t)t}};

	return exo_own_env() == EXO_NONE ? E_HANDLE : (int)exo_env_launch(t->env, &l);
}

/* What there is of it. */
static void
thread_free(struct exo_thread *t)
{
	int tries = 0;

	if (t->env) {
		while (exo_frames_drain(exo_frames_destroy(exo_own_frames(), t->env, t->memory),
					&tries)) {
		}
	}
	if (t->stack.memory) {
		exo_stack_end(&t->stack);
	}
	uarea_leave(t->uarea);
}

static int
thread_bind(const struct exo_thread *t, const exo_handle *slots, uint32_t count)
{
	int64_t result = 0;

	for (uint32_t i = 0; i < count && result == 0; i++) {
		result = exo_bind(EXO_BIND_SLOT, t->env, slots[i], 0);
	}
	return (int)result;
}

int
exo_thread_start_in(struct exo_thread *t, uint32_t hart, const exo_handle *slots, uint32_t count,
		    uint64_t (*body)(void *argument), void *argument)
{
	int result;

	exo_lock_begin();
	*t = (struct exo_thread){.uarea = uarea_take(), .body = body, .argument = argument};
	if (!t->uarea) {
		return E_NOSPACE;
	}
	result = thread_make_stack(t);
	result = result < 0 ? result : thread_make_env(t, hart, count ? EXO_ENV_BOUND : 0);
	result = result < 0 ? result : thread_bind(t, slots, count);
	result = result < 0 ? result : thread_launch(t);
	if (result < 0) {
		thread_free(t);
	}
	return result;
}

int
exo_thread_start(struct exo_thread *t, uint32_t hart, uint64_t (*body)(void *argument),
		 void *argument)
{
	return exo_thread_start_in(t, hart, NULL, 0, body, argument);
}

int
exo_thread_end(struct exo_thread *t)
{
	int64_t result = exo_env_stop(t->env);

	if (result == 0 || result == E_DEAD) {
		exo_upcall_end(t->uarea);
		thread_free(t);
		result = 0;
	}
	return (int)result;
}

/* Until it runs no more; how it ended. */
static int
thread_wait(const struct exo_thread *t, struct exo_context *end)
{
	int64_t result = exo_env_supervisor(t->env, exo_own_env(), EXO_THREAD_BIT);

	while (result == 0) {
		result = exo_env_read(t->env, end);
		if (end->state == EXO_STATE_DEAD || end->state == EXO_STATE_FAULTED) {
			break;
		}
		exo_wait(EXO_EVENT(EXO_THREAD_BIT), EXO_FOREVER);
	}
	return (int)result;
}

int
exo_thread_join(struct exo_thread *t, uint64_t *status)
{
	struct exo_context end = {.state = EXO_STATE_READY};
	int result = thread_wait(t, &end);

	if (result < 0) {
		return result;
	}
	t->death = end.death.kind;
	exo_upcall_end(t->uarea);
	thread_free(t);
	if (status) {
		*status = end.death.cause;
	}
	return end.death.kind == EXO_DEATH_EXIT ? 0 : E_DEAD;
}
