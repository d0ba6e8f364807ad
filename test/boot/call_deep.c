/* SPDX-License-Identifier: MIT
 * call_deep.c: chains of sixteen calls that break at each depth: one in it dies, or the time of one
 * of the calls is up, while the last one runs or sleeps. Whoever called the one that is gone is
 * told, those above it are answered, those below go on and open.
 *
 * boot: init SMP=1 TIMEOUT=60
 */
#include "test/boot/serve.h"

#define DEPTH 16
#define BIT   5

/* What the last one does. */
enum end { ANSWER, END_ONE, SPIN, NAP };

static struct server chain[DEPTH];
static struct {
	enum end end;
	uint64_t victim; /* whose call is not answered, or who dies */
	uint64_t deadline;
	volatile bool is_over; /* the last one may answer */
	volatile uint64_t saw; /* number of who saw an error, + 1 */
	volatile int64_t error;
	volatile uint64_t late;   /* answers that were E_GONE */
	volatile uint64_t others; /* that were something else */
} now;

static void
last_one(uint64_t self)
{
	switch (now.end) {
	case END_ONE:
		if (now.victim == self) {
			exo_exit(1);
		}
		exo_drop(chain[now.victim].thread.env, 0, 0);
		break;
	case SPIN:
		while (!now.is_over) {
		}
		break;
	case NAP:
		exo_sleep(1ul << BIT, ~0ul);
		break;
	default:
		break;
	}
}

/* Its caller no longer waits, so the answer is refused, once. */
static void
answer_late(uint64_t self, struct exo_message *m)
{
	int64_t result = exo_transfer(EXO_NONE, m, chain[self].uarea, -(int64_t)EXO_NR_reply, 1);

	if (result == E_GONE) {
		now.late++;
	} else {
		now.others++;
	}
}

/* Word 0: its number. It calls the next one; the last one does what it shall. */
static void
serve_one(struct exo_message *m, uint64_t badge)
{
	uint64_t self = m->word[0];
	uint64_t gone = now.end == END_ONE ? now.victim + 1 : now.victim;
	int64_t result = 0;

	(void)badge;
	m->word[0]++;
	if (self == DEPTH - 1) {
		last_one(self);
	} else {
		*at(chain[self].uarea + EXO_U_CALL_DEADLINE) =
			self + 1 == now.victim && now.end != END_ONE ? now.deadline : 0;
		result = serve_call(chain[self].uarea, chain[self + 1].thread.env, m);
	}
	if (result) {
		now.saw = self + 1;
		now.error = result;
	}
	if (now.end != ANSWER && self == gone) {
		answer_late(self, m);
	}
}

/* Call the first one: what becomes of it. */
static int64_t
call_first(enum end end, uint64_t victim)
{
	struct exo_message m = {{0}, EXO_NONE};

	now.end = end;
	now.victim = victim;
	now.deadline = exo_ticks() + exo_sysinfo()->timebase_hz / 500;
	now.is_over = false;
	now.saw = now.late = now.others = 0;
	now.error = 0;
	exo_call_deadline(victim == 0 && end != END_ONE ? now.deadline : 0);
	return exo_call(chain[0].thread.env, &m);
}

static bool
all_open(void)
{
	bool result = true;

	for (uint64_t i = 0; i < DEPTH; i++) {
		result = serve_await(chain[i].thread.env, EXO_STATE_OPEN) && result;
	}
	return result;
}

/* Did the one above `victim`, which is this program above the first, get `error` and nobody else
 * any? */
static bool
is_told(int64_t result, uint64_t victim, int64_t error)
{
	if (victim == 0) {
		return result == error && !now.saw;
	}
	return result == 0 && now.saw == victim && now.error == error;
}

static bool
answers(void)
{
	return call_first(ANSWER, DEPTH) == 0 && !now.saw;
}

static void
replace(struct server *s)
{
	exo_frames_release(exo_own_frames(), s->thread.memory);
	exo_pages_end(&s->thread.stack);
	serve_start(s, 0, serve_one, 0);
}

/* Everybody below it has been told too late; the first of them has nobody to answer. */
static void
check_death(void)
{
	uint64_t told = 0, gone = 0, right = 0;

	for (uint64_t victim = 0; victim < DEPTH; victim++) {
		int64_t result = call_first(END_ONE, victim);

		told += is_told(result, victim, E_DEAD);
		for (int tries = 0; tries < 1000 && victim + 1 < DEPTH && !now.late; tries++) {
			exo_pause(MS / 10);
		}
		gone += now.late == (victim + 1 < DEPTH) && !now.others;
		exo_drop(chain[victim].thread.env, 0, 0);
		replace(&chain[victim]);
		right += all_open() && answers();
	}
	tap_is((int64_t)told, DEPTH, "who called the one that dies is told, at each depth");
	tap_is((int64_t)gone, DEPTH, "whom it called has nobody to answer");
	tap_is((int64_t)right, DEPTH, "all the others serve as before");
}

static void
check_time(enum end end, const char *what)
{
	uint64_t told = 0, in_time = 0, gone = 0, right = 0;

	for (uint64_t victim = 0; victim < DEPTH; victim++) {
		int64_t result = call_first(end, victim);
		uint64_t late = exo_ticks() - now.deadline;

		told += is_told(result, victim, E_TIMEOUT);
		in_time += late < exo_sysinfo()->timebase_hz / 20;
		now.is_over = true;
		if (end == NAP) {
			exo_signal(chain[DEPTH - 1].thread.env, 1ul << BIT);
		}
		right += all_open();
		gone += now.late == 1 && !now.others;
		right += answers();
	}
	tap_is((int64_t)told, DEPTH, what);
	tap_is((int64_t)in_time, DEPTH, "when its time is up, or soon");
	tap_is((int64_t)gone, DEPTH, "the late answer is refused, once");
	tap_is((int64_t)right, 2 * DEPTH, "all serve as before");
}

/* Longer than that none gets, and who is refused is as before. */
static void
check_depth(void)
{
	struct server one;

	serve_start(&one, 0, serve_one, 0);
	tap_ok(answers(), "a chain of sixteen is answered");
	for (uint64_t i = 0; i < 3; i++) {
		struct exo_message m = {.word = {DEPTH - 1}};

		now.end = ANSWER;
		tap_is(exo_call(i ? chain[i].thread.env : one.thread.env, &m), 0,
		       "and so is each of them alone");
	}
	hostile_thread_end(&one.thread);
}

/* Deadlines are looked at when slices begin, and who is alone has long ones. */
static void
neighbour(uint64_t argument)
{
	(void)argument;
	for (;;) {
	}
}

int
main(void)
{
	static struct hostile_thread other;
	uint64_t open = 0;

	tap_plan(16);
	for (uint64_t i = 0; i < DEPTH; i++) {
		open += serve_start(&chain[i], 0, serve_one, 0);
	}
	tap_is((int64_t)open, DEPTH, "sixteen servers");
	check_depth();
	check_death();
	hostile_thread_start(&other, 0, neighbour, 0);
	check_time(SPIN, "a call ends while the last one runs, at each depth");
	check_time(NAP, "and while it sleeps");
	return tap_end();
}
