/* SPDX-License-Identifier: MIT
 * env_fault.c: faults that an environment cannot take stop it; its supervisor reads the record and
 * lets it go on, as a debugger does, or ends it.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define BIT     20
#define SECONDS EXO_NS_PER_S
#define WILD    0x123000ul

static volatile uint64_t reached;

static void
breakpoint_body(uint64_t argument)
{
	register uint64_t kept __asm__("s5") = argument;

	__asm__ volatile(".option push\n\t.option norvc\n\tebreak\n\t.option pop" : "+r"(kept));
	reached = kept;
	__asm__ volatile(".word 0x0b" : : : "memory");
	reached = 99;
	exo_exit(reached);
}

/* The handler faults itself: its u-area's `cause` is set then. */
static void
nested_body(uint64_t argument)
{
	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, argument, argument);
	*at(WILD) = 1;
	exo_exit(1);
}

static void
nested_handler(void)
{
	*at(2 * WILD) = 1;
	exo_exit(2);
}

static struct exo_context
event_of(const struct hostile_thread *t)
{
	struct exo_context context = {0};

	exo_wait(EXO_EVENT(BIT), 5 * SECONDS);
	exo_env_read(t->env, &context);
	return context;
}

static bool
faulted(const struct exo_context *c, uint64_t cause)
{
	return c->state == EXO_STATE_FAULTED && c->death.kind == EXO_DEATH_FAULT &&
	       c->death.cause == cause && c->death.pc == c->pc;
}

static void
check_debugger(uint32_t hart)
{
	struct hostile_thread t;
	struct exo_context c;

	reached = 0;
	hostile_thread_make(&t, hart, breakpoint_body, 0x5a5a);
	exo_env_supervisor(t.env, exo_start()->env, BIT);
	exo_env_start(t.env);
	c = event_of(&t);
	tap_ok(faulted(&c, EXO_CAUSE_BREAKPOINT) && c.x[21] == 0x5a5a && !reached,
	       "a breakpoint stops it on hart %u, its registers are seen", hart);
	exo_pause(10000000);
	tap_is((int64_t)reached, 0, "it stays there");
	c.x[21] = 77;
	c.pc += 4;
	tap_is(exo_env_write(t.env, &c), 0, "its registers are changed");
	tap_is(exo_env_start(t.env), 0, "it goes on");
	c = event_of(&t);
	tap_ok(faulted(&c, EXO_CAUSE_ILLEGAL) && reached == 77, "up to the next fault");
	tap_is(exo_env_stop(t.env), 0, "to stop it again is no error");
	c.pc += 4;
	exo_env_write(t.env, &c);
	exo_env_start(t.env);
	c = event_of(&t);
	tap_ok(c.state == EXO_STATE_DEAD && c.death.kind == EXO_DEATH_EXIT && c.death.cause == 99 &&
		       c.x[10] == 99,
	       "it ends, and its registers can still be read");
	tap_is(exo_env_start(t.env), E_DEAD, "no one starts it again");
	tap_is(exo_env_write(t.env, &c), E_DEAD, "nor writes it");
	tap_is(exo_signal(t.env, EXO_EVENT(0)), E_DEAD, "nor signals it");
	tap_is(exo_env_stop(t.env), E_DEAD, "nor stops it");
	tap_is(hostile_thread_end(&t), 0, "its memory comes back");
}

static void
check_nested(uint32_t hart)
{
	struct hostile_thread t;
	struct exo_context c;
	volatile uint64_t *u;

	hostile_thread_make(&t, hart, nested_body, (uint64_t)nested_handler);
	exo_env_supervisor(t.env, exo_start()->env, BIT);
	exo_env_start(t.env);
	c = event_of(&t);
	tap_ok(faulted(&c, EXO_CAUSE_STORE_PAGE) && c.death.tval == 2 * WILD,
	       "a fault in a handler goes to the supervisor");
	u = at(c.x[3]); /* its handler was entered with gp = u-area */
	tap_ok(u[EXO_U_CAUSE / 8] == EXO_CAUSE_STORE_PAGE && u[EXO_U_TVAL / 8] == WILD,
	       "the first one is still in its u-area");
	c.pc = (uint64_t)nested_body;
	c.x[10] = 0;
	u[EXO_U_CAUSE / 8] = 0;
	exo_env_write(t.env, &c);
	exo_env_start(t.env);
	c = event_of(&t);
	tap_ok(faulted(&c, EXO_CAUSE_STORE_PAGE) && c.death.tval == WILD,
	       "without a handler the first one does");
	tap_is(hostile_thread_end(&t), 0, "a stopped one is ended");
}

/* Whoever only may look may not touch. */
static void
check_rights(void)
{
	struct hostile_thread t;
	struct exo_context c;
	exo_handle look;
	int64_t slot = exo_slot_take();

	hostile_thread_make(&t, 0, breakpoint_body, 1);
	look = (exo_handle)exo_share(t.env, (uint32_t)slot, 0, 0, EXO_ENV_OBSERVE, 0);
	tap_is(exo_env_read(look, &c), 0, "OBSERVE reads");
	tap_ok(exo_env_write(look, &c) == E_RIGHTS && exo_env_start(look) == E_RIGHTS &&
		       exo_env_stop(look) == E_RIGHTS &&
		       exo_env_entry(look, EXO_ENTRY_EXCEPTION, 0, 0) == E_RIGHTS &&
		       exo_env_supervisor(look, exo_start()->env, 1) == E_RIGHTS,
	       "and does nothing else");
	hostile_thread_end(&t);
}

int
main(void)
{
	tap_plan(34);
	for (uint32_t hart = 0; hart < 2; hart++) {
		check_debugger(hart);
		check_nested(hart);
	}
	check_rights();
	return tap_end();
}
