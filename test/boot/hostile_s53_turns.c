/* SPDX-License-Identifier: MIT
 * hostile_s53_turns.c: S53: a storm of all ways to pass a turn on: notices, yields, calls, answers,
 * sends, sleeps with and without deadlines, signals, upcalls that come and go, floating point that
 * is first used in between; among environments that take slack, take none, own slots, have floating
 * point or not; while they are stopped, started, moved, written, ended and made anew in the same
 * frames, and slots come and go. From this hart and from another one.
 *
 * Each member keeps a pattern in the registers that a call keeps, and in floating point; none runs
 * on two harts or while it is stopped; in the end each one wakes and answers; every page is back.
 *
 * boot: init SMP=1 TIMEOUT=120
 * boot: init SMP=2 TIMEOUT=120
 */
#include "lib/exo/time.h"
#include "test/boot/serve.h"

#define MEMBERS  8
#define TURN     (1ul << 4)
#define STORM    (1ul << 5)
#define UPCALL   (1ul << 6)
#define MS_LONG  3000
#define FOREVER  UINT64_MAX
#define FLOAT    ((uint64_t)EXO_ENV_FP << 8)
#define BOUND    ((uint64_t)EXO_ENV_BOUND << 8)
#define UAREAS   (THREAD_UAREAS + (THREADS_MAX + 4) * EXO_PAGE_SIZE)
#define RW       (EXO_READ | EXO_WRITE)
#define SLOTS    4 /* positions that come and go, each of two */

struct member {
	exo_handle frames, env;
	uint32_t slot, hart;
	uint64_t kind, uarea;
	struct exo_pages stack;
	volatile uint64_t steps, wrong, upcalls;
	volatile bool answers; /* in the end */
};

static struct member members[MEMBERS];
static struct exo_pages event_stack;
static exo_handle positions[SLOTS];
static volatile bool over;
static uint64_t seed;

/* Back at once. */
void s53_upcall(void);
__asm__(".text\n.globl s53_upcall\ns53_upcall:\nli a7, -18\necall\nj s53_upcall\n");

/* --- members: no stdio, no state of the library --------------------------------------------- */
static uint64_t
soon(uint64_t *state)
{
	return exo_ticks() + noise(state) % (exo_sysinfo()->timebase_hz / 2000);
}

static void
served(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	m->word[0]++;
}

/* One way to pass the turn on. Returns 1 if what came back was wrong. */
static uint64_t
step(struct member *m, exo_handle other, uint64_t *state)
{
	struct exo_message message = {.word = {m->steps}};
	uint64_t deadline = noise(state) % 4 ? soon(state) : FOREVER;
	int64_t result;

	switch (noise(state) % 16) {
	case 0:
		exo_yield(EXO_NONE);
		return 0;
	case 1: case 2: case 3:
		exo_yield(other);
		return 0;
	case 4:
		exo_signal(other, TURN | UPCALL);
		return 0;
	case 5:
		exo_sleep(TURN | STORM, soon(state));
		return 0;
	case 6:
		*(uint64_t *)(m->uarea + EXO_UL_SERVER) = (uint64_t)served;
		exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, (uint64_t)s53_upcall,
			      noise(state) & (UPCALL | STORM));
		exo_signal(m->env, UPCALL);
		return 0;
	case 7:
		exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, 0, 0);
		return 0;
	case 8:
		*(volatile uint64_t *)(m->uarea + offsetof(struct exo_uarea, call_deadline)) =
			soon(state);
		result = exo_transfer(other, &message, m->uarea, -(int64_t)EXO_NR_call,
				      (m->kind & FLOAT) != 0);
		return result == 0 && message.word[0] != m->steps + 1;
	case 9:
		exo_notify(other, TURN, STORM | TURN, soon(state));
		return 0;
	case 10:
		exo_signal(m->env, TURN);
		return 0;
	default:
		exo_notify(other, TURN, TURN | STORM, deadline);
		return 0;
	}
}

static void
keep_pattern(struct member *m, exo_handle other, uint64_t *state)
{
	uint64_t way = *state;
	register uint64_t a __asm__("s2") = way;
	register uint64_t b __asm__("s3") = ~way;
	register uint64_t c __asm__("s11") = way * 3;
	uint64_t strange;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	strange = step(m, other, state);
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	m->wrong += strange + (a != way || b != ~way || c != way * 3);
}

/* Not inline: others have no floating point. */
static __attribute__((noinline)) void
keep_number(struct member *m, exo_handle other, uint64_t *state)
{
	uint64_t number = m->steps;
	register double f __asm__("fs3") = (double)number;

	__asm__ volatile("" : "+f"(f));
	keep_pattern(m, other, state);
	__asm__ volatile("" : "+f"(f), "+r"(number));
	m->wrong += f != (double)number;
}

static void
member_body(uint64_t argument)
{
	struct member *m = &members[argument];
	uint64_t state = seed * (argument + 1) + m->steps + 1;
	bool uses_float = m->kind & FLOAT && noise(&state) % 2;

	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, 0);
	while (!over) {
		exo_handle other = members[noise(&state) % MEMBERS].env;

		if (uses_float && m->steps % 64 > 32) {
			keep_number(m, other, &state);
		} else {
			keep_pattern(m, other, &state);
		}
		m->steps++;
	}
	exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, 0, 0);
	for (;;) {
		exo_sleep(STORM, FOREVER);
		m->answers = true;
	}
}

/* Opens, and is called by whoever comes. */
static void
server_body(uint64_t argument)
{
	struct member *m = &members[argument];

	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, 0);
	*(uint64_t *)(m->uarea + EXO_UL_SERVER) = (uint64_t)served;
	m->answers = true;
	exo_serve_begin(m->uarea);
}

/* --- whoever makes and ends them ------------------------------------------------------------ */
static bool
is_server(const struct member *m)
{
	return (m - members) % 4 == 3;
}

static int
begin(struct member *m)
{
	uint64_t number = (uint64_t)(m - members);
	struct exo_launch l = {.space = exo_start()->space,
			       .cspace = exo_start()->cspace,
			       .pc = (uint64_t)(is_server(m) ? server_body : member_body),
			       .sp = (uint64_t)m->stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE,
			       .arguments = {number}};
	int64_t env = E_BUSY;

	__asm__("mv %0, tp" : "=r"(l.tp));
	for (int tries = 0; tries < 100000 && env == E_BUSY; tries++) {
		env = exo_create(EXO_CAP_ENV, m->frames, m->slot, m->hart | m->kind, m->uarea);
		exo_drop(EXO_NONE, 0, 0); /* a step at what is dead */
	}
	if (env < 0) {
		return (int)env;
	}
	m->env = (exo_handle)env;
	env = exo_map(m->uarea, m->env, 0, 1, RW, NULL, EXO_NONE);
	return env ? (int)env : exo_env_launch(m->env, &l);
}

static int
prepare(void)
{
	int result = 0;

	exo_pages_make(&event_stack, 1);
	exo_vm_map_at(exo_own_vm(), UAREAS, exo_start()->env, 0, 1, RW); /* so there is a table */
	exo_unmap(UAREAS, 1, 0, NULL, EXO_NONE);
	for (uint32_t i = 0; i < SLOTS; i++) {
		positions[i] = hostile_positions(16 * i + 3, 2);
	}
	for (uint32_t i = 0; i < MEMBERS; i++) {
		struct member *m = &members[i];

		m->kind = (i & 1 ? FLOAT : 0) | (i == 2 || i == 5 ? BOUND : 0);
		m->slot = free_slot();
		m->uarea = UAREAS + i * EXO_PAGE_SIZE;
		exo_pages_make(&m->stack, THREAD_STACK_PAGES);
		result |= exo_frames_carve(exo_own_frames(), 2, 2, &m->frames);
		result |= begin(m);
	}
	return result;
}

/* One blow. Those that are stopped go on, so that all can answer in the end. */
static int
strike(uint64_t *state)
{
	struct member *m = &members[noise(state) % MEMBERS];
	exo_handle slots = positions[noise(state) % SLOTS];
	struct exo_context c;

	switch (noise(state) % 10) {
	case 0: case 1: case 2:
		exo_signal(m->env, noise(state) & (STORM | UPCALL | TURN));
		return 0;
	case 3: case 4:
		exo_env_stop(m->env);
		exo_env_read(m->env, &c);
		if (noise(state) % 2) {
			exo_env_home(m->env, m->hart);
		}
		return exo_env_start(m->env);
	case 5:
		exo_env_stop(m->env);
		if (noise(state) % 2) {
			exo_env_home(m->env, (uint32_t)noise(state) % hostile_harts());
		}
		return exo_env_start(m->env);
	case 6:
		exo_unbind(EXO_BIND_SLOT, slots);
		exo_bind(EXO_BIND_SLOT, m->env, slots, noise(state) % 2 ? EXO_SLOT_QUIET : 0);
		return 0;
	case 7:
		if (noise(state) % 8 == 0) {
			int64_t dropped = exo_drop(m->env, 0, 0);

			return dropped ? (int)dropped : begin(m);
		}
		return 0;
	case 8:
		exo_yield(m->env);
		return 0;
	default:
		exo_notify(m->env, TURN, TURN, soon(state));
		return 0;
	}
}

static uint64_t
sum_of_steps(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < MEMBERS; i++) {
		sum += members[i].steps;
	}
	return sum;
}

/* All have fallen asleep for good by then, and wake when told. */
static uint32_t
count_deaf(void)
{
	uint32_t deaf = MEMBERS;

	for (uint32_t i = 0; i < SLOTS; i++) { /* those that take no slack need slots */
		exo_unbind(EXO_BIND_SLOT, positions[i]);
		exo_env_stop(members[i % 2 ? 2 : 5].env);
		exo_env_home(members[i % 2 ? 2 : 5].env, 0);
		exo_bind(EXO_BIND_SLOT, members[i % 2 ? 2 : 5].env, positions[i], 0);
		exo_env_start(members[i % 2 ? 2 : 5].env);
	}
	for (int tries = 0; tries < 3000 && deaf; tries++) {
		deaf = 0;
		for (uint32_t i = 0; i < MEMBERS; i++) {
			if (!members[i].answers) {
				exo_signal(members[i].env, STORM);
				deaf++;
			}
		}
		exo_pause(MS);
	}
	return deaf;
}

int
main(void)
{
	uint64_t state, wrong = 0, blows = 0, end;
	int result, refused = 0;

	seed = exo_ticks() | 1;
	tap_plan(5);
	printf("# seed %lu\n", (unsigned long)seed);
	state = seed;
	result = prepare();
	tap_is(result, 0, "they begin");
	end = exo_now_ns() + MS_LONG * MS;
	for (; exo_now_ns() < end; blows++) {
		result = strike(&state);
		refused = refused ? refused : result;
		if (noise(&state) % 4 == 0) {
			exo_pause(noise(&state) % (MS / 4));
		}
	}
	tap_is(refused, 0, "whoever was stopped starts, whoever was ended begins");
	over = true;
	for (uint32_t i = 0; i < MEMBERS; i++) {
		members[i].answers = is_server(&members[i]) && members[i].answers;
	}
	tap_is(count_deaf(), 0, "each one wakes in the end");
	for (uint32_t i = 0; i < MEMBERS; i++) {
		wrong += members[i].wrong;
		result |= (int)exo_drop(members[i].env, 0, 0);
	}
	printf("# %lu blows, %lu steps\n", (unsigned long)blows, (unsigned long)sum_of_steps());
	tap_ok(sum_of_steps() > 100, "they got on");
	tap_is((int64_t)wrong, 0, "with what they had in their registers");
	return tap_end();
}
