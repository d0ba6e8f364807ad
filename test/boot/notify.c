/* SPDX-License-Identifier: MIT
 * notify.c: a notice and a sleep in one call. What it answers; and a token that goes round between
 * environments in every way there is, while another hart disturbs them: it never gets lost, no
 * register does, and others get their turns.
 *
 * boot: init SMP=1
 * boot: init SMP=2
 */
#include "lib/exo/time.h"
#include "test/boot/serve.h"

#define MEMBERS   4
#define TOKEN     (1ul << 4)
#define DISTURB   (1ul << 5)
#define TURNS     8000
#define SECOND_LIFE 500 /* turns: floating point is used from then on */
#define US        1000ul
#define CALLS     200
#define FLOAT     ((uint64_t)EXO_ENV_FP << 8)
#define FOR_EVER  UINT64_MAX
#define EVENT_63  (1ul << 63)

struct member {
	struct hostile_thread thread;
	volatile uint64_t turns;
	volatile uint64_t wrong;
	bool uses_float;
};

static struct member members[MEMBERS];
static volatile uint64_t holder, spins, answer, answered;
static struct hostile_thread other;
static bool only_short;

static uint64_t
in(uint64_t ns)
{
	return exo_deadline_after(exo_ticks(), ns, exo_sysinfo()->timebase_hz);
}

/* --- what it answers ------------------------------------------------------------------------ */
static void
waiting_body(uint64_t mask)
{
	for (;;) {
		answer = (uint64_t)exo_sleep(mask, FOR_EVER);
		answered++;
	}
}

static uint32_t
state_of(exo_handle env)
{
	struct exo_context c;

	return exo_env_read(env, &c) == 0 ? c.state : UINT32_MAX;
}

static void
check_answers(void)
{
	exo_handle self = exo_start()->env;
	uint64_t begin;

	hostile_thread_start(&other, 0, waiting_body, TOKEN);
	exo_pause(MS);
	exo_signal(self, TOKEN);
	tap_is(exo_notify(other.env, TOKEN, TOKEN | DISTURB, FOR_EVER), TOKEN,
	       "what is there already is taken at once");
	exo_pause(MS);
	tap_is((int64_t)answer, TOKEN, "and the other one is told all the same");
	answer = 0;
	tap_is(exo_notify(other.env, TOKEN, TOKEN, 0), 0, "a past deadline only looks");
	begin = exo_now_ns();
	tap_is(exo_notify(other.env, DISTURB, TOKEN, in(2 * MS)), 0, "one to come comes");
	tap_ok(exo_now_ns() - begin >= 2 * MS, "and not before");
	tap_is((int64_t)answer, TOKEN, "who waits for something else sleeps on");
	tap_is(exo_notify(self, TOKEN, TOKEN, FOR_EVER), TOKEN, "one may notify oneself");
}

static void
check_refused(void)
{
	exo_handle only_signal =
		(exo_handle)exo_share(other.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	exo_handle only_yield =
		(exo_handle)exo_share(other.env, free_slot(), 0, 0, EXO_ENV_YIELD, 0);

	tap_is(exo_notify(only_signal, TOKEN, TOKEN, 0), E_RIGHTS, "it takes the right YIELD");
	tap_is(exo_notify(only_yield, TOKEN, TOKEN, 0), E_RIGHTS, "and SIGNAL");
	tap_is(exo_notify(other.env, EVENT_63, TOKEN, 0), E_INVAL, "bit 63 is no event");
	tap_is(exo_notify(exo_start()->space, TOKEN, TOKEN, 0), E_TYPE, "a SPACE has no events");
	hostile_thread_end(&other);
	tap_is(exo_notify(other.env, TOKEN, TOKEN, 0), E_HANDLE, "a stale handle leads nowhere");
}

/* --- within a call -------------------------------------------------------------------------- */
static struct server server, caller, echo;

/* Asks the other one, and answers with what it got. */
static void
asks(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	m->word[0] = (uint64_t)exo_notify(other.env, TOKEN, DISTURB, FOR_EVER);
}

static void
echo_body(uint64_t argument)
{
	struct server *s = (struct server *)argument;

	for (;;) {
		exo_notify(s->thread.env, DISTURB, TOKEN, FOR_EVER);
	}
}

static void
calling_body(uint64_t argument)
{
	struct server *self = (struct server *)argument;
	struct exo_message m = {.word = {0}};

	for (int i = 0; i < CALLS; i++) {
		exo_notify(echo.thread.env, TOKEN, DISTURB, FOR_EVER);
		answered += exo_transfer(server.thread.env, &m, self->uarea,
					 -(int64_t)EXO_NR_call, 0) == 0 &&
			    m.word[0] == DISTURB;
	}
	exo_signal(exo_start()->env, TOKEN);
	exo_exit(0);
}

/* One without floating point, for the short way. */
static void
make_plain(struct server *s, void (*body)(uint64_t), struct server *argument)
{
	hostile_thread_create(&s->thread, 0, body, (uint64_t)argument);
	s->uarea = serve_context(s->thread.env).uarea;
}

/* The turn is the caller's all the time. */
static void
check_within_a_call(void)
{
	answered = 0;
	server.function = asks;
	make_plain(&server, serve_body, &server);
	hostile_thread_create(&other, 0, echo_body, (uint64_t)&server);
	exo_env_start(server.thread.env);
	exo_env_start(other.env);
	exo_pause(MS);
	make_plain(&caller, calling_body, &caller);
	make_plain(&echo, echo_body, &caller);
	exo_env_start(echo.thread.env);
	exo_env_start(caller.thread.env);
	tap_is((int64_t)exo_wait(TOKEN, 1000 * MS), TOKEN, "a caller gets on");
	tap_is((int64_t)answered, CALLS, "who serves a call may notify another one");
	hostile_thread_end(&other);
	hostile_thread_end(&echo.thread);
	hostile_thread_end(&caller.thread);
	hostile_thread_end(&server.thread);
}

/* --- the token ------------------------------------------------------------------------------ */
/* To `next`, then it sleeps until something is raised. */
static void
pass(exo_handle next, uint64_t way)
{
	switch (only_short ? 0 : way % 8) {
	case 0: case 1: case 2: case 3:
		exo_notify(next, TOKEN, TOKEN | DISTURB, FOR_EVER);
		break;
	case 4:
		exo_notify(next, TOKEN, TOKEN | DISTURB, in(100 * US));
		break;
	case 5:
		exo_notify(next, TOKEN | DISTURB, FOR_EVER, FOR_EVER);
		break;
	case 6:
		exo_yield(next);
		exo_notify(next, TOKEN, TOKEN | DISTURB, FOR_EVER);
		break;
	default:
		exo_signal(next, TOKEN);
		exo_sleep(TOKEN, in(MS));
		break;
	}
}

/* With a pattern in registers that a call keeps. */
static void
pass_with_pattern(struct member *m, exo_handle next, uint64_t way)
{
	register uint64_t a __asm__("s2") = way;
	register uint64_t b __asm__("s3") = ~way;
	register uint64_t c __asm__("s11") = way * 3;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	pass(next, way);
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	m->wrong += a != way || b != ~way || c != way * 3;
}

/* And one in floating point: not inline, for others have none. */
static __attribute__((noinline)) void
pass_with_number(struct member *m, exo_handle next, uint64_t way)
{
	uint64_t number = m->turns;
	register double f __asm__("fs3") = (double)number;

	__asm__ volatile("" : "+f"(f));
	pass_with_pattern(m, next, way);
	__asm__ volatile("" : "+f"(f), "+r"(number));
	m->wrong += f != (double)number;
}

static void
member_body(uint64_t self)
{
	struct member *m = &members[self];
	uint64_t state = 88172645463325252ul + self;
	uint64_t next;

	for (;;) {
		if (holder != self) {
			exo_sleep(TOKEN | DISTURB, FOR_EVER);
			continue;
		}
		m->turns++;
		next = (self + 1 + noise(&state) % (MEMBERS - 1)) % MEMBERS;
		holder = next;
		if (m->uses_float && m->turns > SECOND_LIFE) {
			pass_with_number(m, members[next].thread.env, noise(&state) >> 8);
		} else {
			pass_with_pattern(m, members[next].thread.env, noise(&state) >> 8);
		}
	}
}

static void
spinning_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		spins++;
	}
}

/* From another hart. */
static void
disturbing_body(uint64_t argument)
{
	uint64_t state = 362436069ul + argument;

	for (;;) {
		exo_signal(members[noise(&state) % MEMBERS].thread.env, DISTURB);
		linger(noise(&state) % 2000);
	}
}

static uint64_t
all_turns(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < MEMBERS; i++) {
		sum += members[i].turns;
	}
	return sum;
}

static bool
goes_round(uint64_t turns)
{
	uint64_t wanted = all_turns() + turns;

	for (int i = 0; i < 20000 && all_turns() < wanted; i++) {
		exo_pause(MS);
	}
	return all_turns() >= wanted;
}

/* One is stopped, and started, while it waits or runs. */
static void
check_stops(void)
{
	bool was_asleep = false;
	bool goes_on = true;

	for (int i = 0; i < 40 && goes_on; i++) {
		exo_handle env = members[i % MEMBERS].thread.env;

		was_asleep |= state_of(env) == EXO_STATE_SLEEPING;
		exo_env_stop(env);
		exo_pause((uint64_t)(i % 5) * 20 * US);
		goes_on = exo_env_start(env) == 0 && goes_round(10);
	}
	tap_ok(goes_on, "also when they are stopped and started");
	tap_ok(was_asleep, "and those that wait are seen to sleep");
}

static void
run_token(uint64_t kind, const char *who)
{
	struct hostile_thread spinner;
	uint64_t wrong = 0;

	holder = MEMBERS;
	for (int i = 0; i < MEMBERS; i++) {
		members[i].turns = 0;
		hostile_thread_create(&members[i].thread, kind, member_body, (uint64_t)i);
	}
	for (int i = 0; i < MEMBERS; i++) {
		exo_env_start(members[i].thread.env);
	}
	holder = 0;
	exo_signal(members[0].thread.env, TOKEN);
	hostile_thread_start(&spinner, 0, spinning_body, 0);
	tap_ok(goes_round(TURNS), "a token goes round %s", who);
	tap_ok(spins > 0, "one beside it gets its turns");
	check_stops();
	for (int i = 0; i < MEMBERS; i++) {
		hostile_thread_end(&members[i].thread);
		wrong += members[i].wrong;
	}
	tap_is((int64_t)wrong, 0, "with what was in the registers");
	hostile_thread_end(&spinner);
	spins = 0;
}

int
main(void)
{
	struct hostile_thread pest;
	bool disturbs = hostile_harts() > 1;

	tap_plan(14 + 4 * 5);
	check_answers();
	check_refused();
	check_within_a_call();
	only_short = true;
	run_token(0, "by notices alone");
	only_short = false;
	if (disturbs) {
		hostile_thread_start(&pest, 1, disturbing_body, 0);
	}
	run_token(0, "without floating point");
	run_token(FLOAT, "with floating point that nobody uses");
	for (int i = 0; i < MEMBERS; i++) {
		members[i].uses_float = true;
	}
	run_token(FLOAT, "with floating point");
	if (disturbs) {
		hostile_thread_end(&pest);
	}
	return tap_end();
}
