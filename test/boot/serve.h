/* SPDX-License-Identifier: MIT
 * serve.h: threads that serve calls, for the tests of control transfer.
 *
 * A server is a thread (hostile.h): its function must not use stdio, and calls others with
 * serve_call, because the u-area that the library knows is the program's.
 */
#ifndef TEST_BOOT_SERVE_H
#define TEST_BOOT_SERVE_H

#include "lib/exo/transfer.h"
#include "test/boot/hostile.h"

#define MS 1000000ul

struct server {
	struct hostile_thread thread;
	uint64_t uarea;
	exo_server *function;
	uint32_t slot;
};

static inline void
serve_body(uint64_t argument)
{
	struct server *s = (struct server *)argument;

	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, s->slot);
	*(uint64_t *)(s->uarea + EXO_UL_SERVER) = (uint64_t)s->function;
	exo_serve_begin(s->uarea);
}

static inline struct exo_context
serve_context(exo_handle env)
{
	struct exo_context c = {0};

	exo_env_read(env, &c);
	return c;
}

/* A thread that has not begun, and where its u-area is. */
static inline int
serve_make(struct server *s, uint32_t hart, void (*body)(uint64_t))
{
	int result = hostile_thread_make(&s->thread, hart, body, (uint64_t)s);

	s->uarea = result ? 0 : serve_context(s->thread.env).uarea;
	return result;
}

/* It waits for a call when this returns. */
static inline bool
serve_start(struct server *s, uint32_t hart, exo_server *function, uint32_t slot)
{
	s->function = function;
	s->slot = slot;
	if (serve_make(s, hart, serve_body) || exo_env_start(s->thread.env)) {
		return false;
	}
	for (int tries = 0; tries < 1000; tries++) {
		if (serve_context(s->thread.env).state == EXO_STATE_OPEN) {
			return true;
		}
		exo_pause(MS / 10);
	}
	return false;
}

/* exo_call by the one with this u-area. */
static inline int64_t
serve_call(uint64_t uarea, exo_handle env, struct exo_message *m)
{
	return exo_transfer(env, m, uarea, -(int64_t)EXO_NR_call, 1);
}

/* Until `env` is in this state. */
static inline bool
serve_await(exo_handle env, uint32_t state)
{
	for (int tries = 0; tries < 1000; tries++) {
		if (serve_context(env).state == state) {
			return true;
		}
		exo_pause(MS / 10);
	}
	return false;
}

#endif
