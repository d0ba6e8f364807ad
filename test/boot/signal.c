/* SPDX-License-Identifier: MIT
 * signal.c: what a UNIX-like library makes signals of. An event that another environment raises
 * enters its receiver before the receiver's next instruction, wherever it is; a sleep that it meets
 * ends (EINTR), or goes on; what is held back comes when it is let in; the handler may leave by a
 * jump.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include <setjmp.h>

#include "lib/exo/upcall.h"
#include "test/boot/kin.h"
#include "test/boot/tap.h"

#define BIT_CHILD 3
#define BIT_READY 4 /* of the parent: the child has done a step */
#define BIT_USR1  10
#define BIT_USR2  11
#define SIGNALS   (EXO_EVENT(BIT_USR1) | EXO_EVENT(BIT_USR2))
#define ROUNDS    50
#define MS        1000000ul
#define SECOND    EXO_NS_PER_S

/* The shared page. */
struct board {
	volatile uint64_t step;       /* the child has come to this one */
	volatile uint64_t turns;      /* how often the child went round */
	volatile uint64_t seen;       /* `turns`, as the handler saw it */
	volatile uint64_t handled;    /* signals */
	volatile uint64_t last;       /* which */
	volatile uint64_t result[16]; /* of each step */
};

static struct board *board;

/* --- the child -------------------------------------------------------------------------------- */
static jmp_buf out;
static volatile bool jumps;

static void
on_signal(uint64_t events)
{
	board->seen = board->turns;
	board->last = events;
	board->handled++;
	if (jumps) {
		longjmp(out, 1);
	}
}

static void
step_done(uint64_t step, uint64_t result)
{
	board->result[step] = result;
	board->step = step;
	exo_signal(kin_parent(), EXO_EVENT(BIT_READY));
}

/* Goes round until the parent has seen enough of it. */
static void
child_spins(void)
{
	step_done(1, 0);
	while (board->step < 2) {
		board->turns++;
	}
}

/* A sleep without end that a signal ends. */
static void
child_sleeps(void)
{
	uint64_t before = board->handled;
	int64_t result;

	step_done(3, 0);
	result = exo_sleep(0, EXO_FOREVER);
	step_done(4, result == 0 && board->handled == before + 1);
}

/* One that goes on: the whole time passes though it was interrupted. */
static void
child_sleeps_on(void)
{
	uint64_t begin = exo_now_ns();
	uint64_t before = board->handled;
	uint64_t bits;

	step_done(5, 0);
	bits = exo_wait(EXO_EVENT(20), 20 * MS);
	step_done(6, bits == 0 && board->handled == before + 1 && exo_now_ns() - begin >= 20 * MS);
}

static void
child_holds(void)
{
	uint64_t before = board->handled;
	uint64_t held = exo_events_hold();
	bool right;

	step_done(7, 0);
	exo_pause(5 * MS);
	right = board->handled == before;
	exo_events_release(held);
	step_done(8, right && board->handled == before + 1 && board->last == SIGNALS);
}

static void
child_jumps(void)
{
	volatile uint64_t before = board->handled;

	jumps = true;
	if (setjmp(out) == 0) {
		step_done(9, 0);
		for (;;) {
			board->turns++;
		}
	}
	jumps = false;
	exo_events_release(0); /* what a return would have done; not before the jump, for the next
				  handler runs on the same stack */
	exo_signal(exo_own_env(), EXO_EVENT(BIT_USR2));
	step_done(10, board->handled == before + 2 && board->last == EXO_EVENT(BIT_USR2));
}

static int
child_main(void)
{
	board = kin_shared();
	if (!board || exo_on_event(SIGNALS, on_signal)) {
		return 1;
	}
	child_spins();
	child_sleeps();
	child_sleeps_on();
	child_holds();
	child_jumps();
	return 42;
}

/* --- the parent ------------------------------------------------------------------------------- */
static struct exo_child child;

/* True: the child has come to `step`, or further. */
static bool
step_is(uint64_t step)
{
	while (board->step < step) {
		if (!exo_wait(EXO_EVENT(BIT_READY), 5 * SECOND)) {
			return false;
		}
	}
	return true;
}

/* On one hart the child stands still while the parent runs: where the handler sees it is where the
 * parent did. */
static void
check_spinning(void)
{
	uint64_t right = 0, at;

	tap_ok(step_is(1), "a child that goes round");
	for (uint64_t i = 0; i < ROUNDS; i++) {
		exo_pause(MS);
		at = board->turns;
		exo_signal(child.env, EXO_EVENT(BIT_USR1));
		while (board->handled == i) {
			exo_pause(MS);
		}
		right += at > 0 && board->seen == at && board->turns >= at;
	}
	tap_is((int64_t)right, ROUNDS, "a signal enters it before its next instruction");
	tap_is((int64_t)board->handled, ROUNDS, "once each");
	exo_pause(MS);
	exo_signal(child.env, EXO_EVENT(BIT_USR1));
	exo_signal(child.env, EXO_EVENT(BIT_USR1));
	exo_signal(child.env, EXO_EVENT(BIT_USR2));
	exo_pause(2 * MS);
	tap_ok(board->handled == ROUNDS + 1 && board->last == SIGNALS,
	       "those that come before it runs again come together");
	board->step = 2;
}

static void
check_steps(void)
{
	tap_ok(step_is(3), "a child that sleeps");
	exo_pause(2 * MS);
	exo_signal(child.env, EXO_EVENT(BIT_USR1));
	tap_ok(step_is(4) && board->result[4], "its sleep ends behind the handler, with no event");
	step_is(5);
	exo_pause(2 * MS);
	exo_signal(child.env, EXO_EVENT(BIT_USR1));
	tap_ok(step_is(6) && board->result[6], "a wait goes on to its end instead");
	step_is(7);
	exo_signal(child.env, EXO_EVENT(BIT_USR1));
	exo_signal(child.env, EXO_EVENT(BIT_USR2));
	tap_ok(step_is(8) && board->result[8],
	       "what is held back comes when it is let in, together");
	step_is(9);
	exo_pause(2 * MS);
	exo_signal(child.env, EXO_EVENT(BIT_USR1));
	tap_ok(step_is(10) && board->result[10],
	       "a handler may leave by a jump, and the next one comes");
}

static void
check_end(void)
{
	struct exo_context c;

	exo_wait(EXO_EVENT(BIT_CHILD), 5 * SECOND);
	exo_env_read(child.env, &c);
	tap_ok(c.state == EXO_STATE_DEAD && c.death.cause == 42, "the child ends well");
	tap_is(exo_signal(child.env, EXO_EVENT(BIT_USR1)), E_DEAD, "it gets no signal any more");
	tap_is(kin_end(&child), 0, "it is taken back");
}

int
main(void)
{
	if (!exo_boot()) {
		return child_main();
	}
	tap_plan(13);
	tap_is(kin_open(1), 0, "the program finds itself");
	board = kin.shared.memory;
	kin_start(&child, "signals", 0, 0, BIT_CHILD);
	check_spinning();
	check_steps();
	check_end();
	return tap_end();
}
