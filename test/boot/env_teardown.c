/* SPDX-License-Identifier: MIT
 * env_teardown.c: an environment on another hart is taken apart in every state it can be in: it,
 * its space or its capability space goes. Each time it never runs again, its supervisor hears of it
 * if it ran, and its memory comes back.
 *
 * boot: init SMP=4
 */
#include "test/boot/hostile.h"

#define DONE 23
#define WILD 0x123000ul
#define MS   1000000ul
#define BIT  4

static volatile uint64_t alive; /* counts while a victim runs */

static void
run_body(uint64_t ignored)
{
	(void)ignored;
	for (;;) {
		alive++;
	}
}

static void
sleep_body(uint64_t deadline)
{
	alive++;
	for (;;) {
		exo_sleep(0, deadline);
		alive++;
	}
}

static void
fault_body(uint64_t ignored)
{
	(void)ignored;
	alive++;
	*at(WILD) = 1;
}

/* Its exception handler does not come to an end. */
static void
handler_body(uint64_t ignored)
{
	(void)ignored;
	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)run_body, (uint64_t)run_body);
	*at(WILD) = 1;
}

/* Nor does its upcall. */
static void
upcall_body(uint64_t ignored)
{
	(void)ignored;
	exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, (uint64_t)run_body, EXO_EVENT(BIT));
	exo_sleep(0, UINT64_MAX);
}

static const struct {
	const char *name;
	void (*body)(uint64_t);
	uint64_t argument;
	uint32_t state; /* that it is in afterwards */
	bool is_stopped;
} states[] = {
	{"runs", run_body, 0, EXO_STATE_READY, false},
	{"sleeps for good", sleep_body, UINT64_MAX, EXO_STATE_SLEEPING, false},
	{"wakes all the time", sleep_body, 0, EXO_STATE_READY, false},
	{"handles an exception", handler_body, 0, EXO_STATE_READY, false},
	{"handles an event", upcall_body, 0, EXO_STATE_READY, false},
	{"has faulted", fault_body, 0, EXO_STATE_FAULTED, false},
	{"is stopped", run_body, 0, EXO_STATE_STOPPED, true},
};

struct victim {
	struct hostile_thread thread;
	exo_handle space; /* shares of this program's, which it runs in */
	exo_handle cspace;
};

static exo_handle
share(exo_handle of)
{
	return (exo_handle)exo_share(of, free_slot(), 0, 0, EXO_RIGHTS_ALL, 0);
}

/* Made like a thread, but bound by shares that can be dropped. */
static int64_t
victim_make(struct victim *v, uint32_t hart, uint32_t state)
{
	struct hostile_thread *t = &v->thread;
	struct exo_context context, made;
	int64_t r = hostile_thread_make(t, hart, states[state].body, states[state].argument);

	exo_env_read(t->env, &context);
	exo_vm_unmap(exo_own_vm(), context.uarea, 1);
	r = r ? r : exo_frames_destroy(exo_own_frames(), t->env, t->memory);
	r = r ? r
	      : exo_frames_create(exo_own_frames(), EXO_CAP_ENV, hart, context.uarea, &t->env,
				  &t->memory);
	v->space = share(exo_start()->space);
	v->cspace = share(exo_start()->cspace);
	r = r ? r : exo_bind(EXO_BIND_SPACE, t->env, v->space, 0);
	r = r ? r : exo_bind(EXO_BIND_CSPACE, t->env, v->cspace, 0);
	r = r ? r : exo_env_supervisor(t->env, exo_start()->env, DONE);
	r = r ? r : exo_env_write(t->env, &context);
	r = r ? r : exo_env_start(t->env);
	for (int i = 0; i < 1000 && !r; i++) {
		exo_signal(t->env, EXO_EVENT(BIT));
		exo_pause(MS);
		exo_env_read(t->env, &made);
		if (made.state ==
			    (states[state].is_stopped ? EXO_STATE_READY : states[state].state) &&
		    (alive || states[state].body == upcall_body)) {
			break;
		}
	}
	return r || !states[state].is_stopped ? r : exo_env_stop(t->env);
}

static int64_t
victim_end(struct victim *v)
{
	int64_t r = hostile_thread_end(&v->thread);

	exo_slot_drop(v->space);
	exo_slot_drop(v->cspace);
	return r;
}

static bool
stays_quiet(void)
{
	uint64_t before = alive;

	exo_pause(3 * MS);
	return alive == before;
}

static void
check_env_goes(uint32_t hart, uint32_t state)
{
	struct victim v;

	alive = 0;
	exo_sleep(EXO_EVENT(DONE), 0);
	tap_ok(victim_make(&v, hart, state) == 0 && victim_end(&v) == 0 && stays_quiet(),
	       "one on hart %u that %s is destroyed", hart, states[state].name);
}

/* Whatever it needs in order to run goes; it is there still, and dead if it ran. */
static void
check_need_goes(uint32_t hart, uint32_t state, bool is_space)
{
	struct victim v;
	struct exo_context end = {0};
	bool runs =
		states[state].state == EXO_STATE_READY || states[state].state == EXO_STATE_SLEEPING;
	int64_t r, heard;

	alive = 0;
	r = victim_make(&v, hart, state);
	exo_sleep(EXO_EVENT(DONE), 0);
	r = r ? r : exo_drop(is_space ? v.space : v.cspace, 0, 0);
	exo_env_read(v.thread.env, &end);
	heard = exo_sleep(EXO_EVENT(DONE), 0);
	tap_ok(r == 0 && stays_quiet() &&
		       (runs ? heard && end.state == EXO_STATE_DEAD &&
					end.death.kind == EXO_DEATH_STOP
			     : !heard && exo_env_start(v.thread.env) == E_STATE),
	       "one on hart %u that %s loses its %s", hart, states[state].name,
	       is_space ? "space" : "capability space");
	tap_is(victim_end(&v), 0, "and leaves nothing");
}

int
main(void)
{
	uint32_t count = sizeof(states) / sizeof(states[0]);

	tap_plan(2 * 5 * count);
	for (uint32_t hart = 0; hart < 4; hart += 3) {
		for (uint32_t i = 0; i < count; i++) {
			check_env_goes(hart, i);
			check_need_goes(hart, i, true);
			check_need_goes(hart, i, false);
		}
	}
	return tap_end();
}
