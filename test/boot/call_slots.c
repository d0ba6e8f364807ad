/* SPDX-License-Identifier: MIT
 * call_slots.c: a call that goes on from slot to slot: it takes the time of its caller and no
 * other, whose slots end and begin meanwhile without upcalls and without debt; a server with slots
 * of its own works in them too, but what it answers there runs in the caller's.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "test/boot/serve.h"

#define POSITIONS 64
#define FIRST     8 /* the caller's */
#define COUNT     4
#define OWN       32 /* the server's, later */
#define LONG_MS   30 /* what a call takes, in slots that are 1/16 of the time */

static struct server caller, server, other;
static struct {
	volatile uint64_t caller[POSITIONS], server[POSITIONS], other[POSITIONS]; /* looks */
} seen;
static volatile uint64_t results, answered, begins, ends, work_ticks;
static volatile bool upcalls, go;

static uint64_t
position_now(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (exo_ticks() - s->timeline_epoch) / s->slot_ticks % s->timeline_slots;
}

static uint64_t
within(const volatile uint64_t *looks, uint32_t first, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += looks[first + i];
	}
	return sum;
}

static bool
only(const volatile uint64_t *looks, uint32_t first, uint32_t count)
{
	uint64_t all = within(looks, 0, POSITIONS);

	/* a look that an interrupt parts from its count is one beside */
	return all > 100 && within(looks, first, count) * 100 >= all * 99;
}

/* A number of looks that takes `word[0]` ticks of time of its own: it counts those it sees pass. */
static void
work(struct exo_message *m, uint64_t badge)
{
	uint64_t last = exo_ticks(), done = 0;

	(void)badge;
	while (done < m->word[0]) {
		uint64_t now = exo_ticks();

		seen.server[position_now()]++;
		done += now - last < 1000 ? now - last : 0; /* else it did not run */
		last = now;
	}
	m->word[1] = done;
}

/* What enters it at the begin and at the end of its slices, and goes back at once. */
void call_slots_begin(void);
void call_slots_end(void);
__asm__(".text\n"
	".macro counted name, counter\n"
	".globl \\name\n\\name:\n"
	"addi sp, sp, -16\nsd t1, 0(sp)\nsd t2, 8(sp)\n"
	"la t1, \\counter\nld t2, 0(t1)\naddi t2, t2, 1\nsd t2, 0(t1)\n"
	"ld t1, 0(sp)\nld t2, 8(sp)\naddi sp, sp, 16\nli a7, -18\necall\n.endm\n"
	"counted call_slots_begin, begins\n"
	"counted call_slots_end, ends\n");

/* Calls whenever it is told to, else looks at the clock. */
static void
call_body(uint64_t argument)
{
	struct server *s = (struct server *)argument;

	for (;;) {
		if (go) {
			struct exo_message m = {.word = {work_ticks}};

			go = false;
			results |= (uint64_t)serve_call(s->uarea, server.thread.env, &m);
			seen.caller[position_now()]++;
			answered++;
		}
		seen.caller[position_now()]++;
		exo_yield(EXO_NONE);
	}
}

static void
take_slack(uint64_t argument)
{
	(void)argument;
	for (;;) {
		seen.other[position_now()]++;
	}
}

static void
forget(void)
{
	memset((void *)&seen, 0, sizeof(seen));
	results = answered = begins = ends = 0;
}

/* One that takes no slack. */
static void
make_bound(struct server *s, void (*body)(uint64_t))
{
	hostile_thread_create(&s->thread, (EXO_ENV_FP | EXO_ENV_BOUND) << 8, body, (uint64_t)s);
	s->uarea = serve_context(s->thread.env).uarea;
}

/* A call of so many ms of the chain's own time; how long it takes, in ms. */
static uint64_t
one_call(uint64_t ms)
{
	uint64_t ms_ticks = exo_sysinfo()->timebase_hz / 1000, begin = exo_ticks();

	forget();
	work_ticks = ms * ms_ticks;
	go = true;
	for (int tries = 0; tries < 4000 && !answered; tries++) {
		exo_pause(MS / 4);
	}
	return (exo_ticks() - begin) / ms_ticks;
}

static void
check_time(void)
{
	uint64_t ms = one_call(LONG_MS / 5);

	tap_ok(answered == 1 && !results, "a call of 6 ms is answered in slots of 1 ms");
	tap_ok(ms >= 60 && ms < 160, "after some six turns of the timeline: %lu ms",
	       (unsigned long)ms);
	tap_ok(only(seen.server, FIRST, COUNT), "the server runs in the slots of its caller alone");
	tap_ok(only(seen.other, 0, POSITIONS) &&
		       within(seen.other, FIRST, COUNT) * 20 <= within(seen.other, 0, POSITIONS),
	       "and who takes slack has the others");
}

static uint64_t
overruns(const struct server *s)
{
	return serve_context(s->thread.env).overruns;
}

/* It has asked to be told of both ends of its slices: it is while it runs itself. */
static void
check_upcalls(void)
{
	exo_env_stop(caller.thread.env);
	exo_env_entry(caller.thread.env, EXO_ENTRY_BEGIN, (uint64_t)call_slots_begin, 0);
	exo_env_entry(caller.thread.env, EXO_ENTRY_END, (uint64_t)call_slots_end, 0);
	exo_env_start(caller.thread.env);
	forget();
	exo_pause(100 * MS);
	tap_ok(begins >= 4, "slices of its own begin with an upcall: %lu", (unsigned long)begins);
	one_call(LONG_MS / 5);
	tap_ok(answered == 1 && !results, "it calls as before");
	tap_ok(begins + ends <= 4, "no upcall while it waits: %lu, %lu", (unsigned long)begins,
	       (unsigned long)ends);
	tap_is((int64_t)overruns(&caller), 0, "nor does it pay for what runs in its time");
	tap_is((int64_t)overruns(&server), 0, "nor does its server");
	begins = 0;
	exo_pause(100 * MS);
	tap_ok(begins >= 4, "afterwards it is told again: %lu", (unsigned long)begins);
}

/* Both have slots: the work is done in all of them, what follows in the caller's. */
static void
check_own_slots(void)
{
	exo_handle own = hostile_positions(OWN, 3 * COUNT);
	uint64_t ms;

	tap_is(exo_bind(EXO_BIND_SLOT, server.thread.env, own, 0), 0,
	       "a server has slots of its own");
	ms = one_call(LONG_MS / 5 * 2);
	tap_ok(answered == 1 && !results, "it answers");
	tap_ok(ms >= 30 && ms < 110, "four times as soon: %lu ms for twice as much",
	       (unsigned long)ms);
	tap_ok(within(seen.server, OWN, 3 * COUNT) > within(seen.server, FIRST, COUNT),
	       "most of it in its own: %lu, %lu",
	       (unsigned long)within(seen.server, OWN, 3 * COUNT),
	       (unsigned long)within(seen.server, FIRST, COUNT));
	tap_is((int64_t)(within(seen.server, 0, POSITIONS) - within(seen.server, OWN, 3 * COUNT) -
			 within(seen.server, FIRST, COUNT)) *
			       50 <
		       (int64_t)within(seen.server, 0, POSITIONS),
	       true, "none of it elsewhere");
	tap_is((int64_t)(within(seen.caller, 0, POSITIONS) - within(seen.caller, FIRST, COUNT)), 0,
	       "the caller goes on in its slots, wherever the answer was given");
	exo_drop(own, 0, 0);
	one_call(LONG_MS / 5);
	tap_ok(answered == 1 && !results && only(seen.server, FIRST, COUNT),
	       "when they are taken away it has its caller's again");
}

/* Somebody whose slots come first calls it too while it serves: busy, though it runs then. */
static void
check_busy(void)
{
	struct exo_message m = {.word = {1}};
	uint64_t busy = 0, other_error = 0;

	forget();
	work_ticks = LONG_MS / 10 * (exo_sysinfo()->timebase_hz / 1000);
	go = true;
	for (int tries = 0; tries < 4000 && !answered; tries++) {
		int64_t result = exo_call(server.thread.env, &m);

		busy += result == E_BUSY;
		other_error += result != 0 && result != E_BUSY;
		exo_pause(MS / 4);
	}
	tap_ok(busy > 0 && !other_error && answered == 1 && !results,
	       "others find it busy meanwhile: %lu times", (unsigned long)busy);
}

int
main(void)
{
	exo_handle slots = hostile_positions(FIRST, COUNT);

	tap_plan(20);
	server.function = work;
	make_bound(&server, serve_body);
	exo_env_start(server.thread.env);
	make_bound(&caller, call_body);
	tap_is(exo_bind(EXO_BIND_SLOT, caller.thread.env, slots, 0), 0,
	       "a caller runs in four slots of 64");
	exo_yield(server.thread.env); /* it has no time of its own to open in */
	tap_ok(serve_await(server.thread.env, EXO_STATE_OPEN), "its server in none");
	exo_env_start(caller.thread.env);
	serve_make(&other, 0, take_slack);
	exo_env_start(other.thread.env);
	check_time();
	check_upcalls();
	check_own_slots();
	check_busy();
	return tap_end();
}
