/* SPDX-License-Identifier: MIT
 * call_far.c: environments on other harts that transferred control go, while nothing else happens
 * there: the hart keeps nothing of their address spaces, and no hart waits for the one that asked.
 *
 * boot: init SMP=2 TIMEOUT=20
 */
#include "test/boot/serve.h"

#define CODE   0x10000000ul
#define ROUNDS 20

/* What runs in a space of its own on the other hart: opens. */
static const uint32_t code[] = {
	0xfc100893, /* li a7, -63 */
	0x00000073, /* ecall */
	0x0000006f, /* j . */
};

static struct {
	exo_handle space, space_memory, table[2], table_memory[2], env, env_memory;
} far;
static struct exo_pages text;
static struct server mover, gone;

static int64_t
make_far(void)
{
	struct exo_context context = {.pc = CODE};
	int64_t result = 0;

	exo_frames_create(exo_own_frames(), EXO_CAP_SPACE, 0, 0, &far.space, &far.space_memory);
	for (uint32_t i = 0; i < 2; i++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1 - i, 0, &far.table[i],
				  &far.table_memory[i]);
		result |= exo_map(i ? CODE : 0, far.table[i], 0, 1, EXO_WRITE, NULL, far.space);
	}
	result |= exo_map(CODE, text.frames, 0, 1, EXO_READ | EXO_EXEC, NULL, far.space);
	result |= exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 1 | EXO_ENV_FP << 8,
				    THREAD_UAREAS, &far.env, &far.env_memory);
	result |= exo_bind(EXO_BIND_SPACE, far.env, far.space, 0);
	result |= exo_bind(EXO_BIND_CSPACE, far.env, exo_start()->cspace, 0);
	result |= exo_env_entry(far.env, EXO_ENTRY_CALL, CODE, 0);
	result |= exo_env_write(far.env, &context);
	result |= exo_env_start(far.env);
	return result;
}

/* Ends it and makes its space's frames memory without a page table in it. */
static uint64_t
end_far(uint64_t where)
{
	int64_t result = exo_frames_destroy(exo_own_frames(), far.env, far.env_memory);

	result |= exo_drop(far.space, 0, 0);
	result |= exo_map(where, far.space_memory, 0, 2, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
	for (uint64_t i = 0; i < 1024; i++) {
		at(where)[i] = 0x0101010101010100ul;
	}
	return (uint64_t)result;
}

static volatile uint64_t moves;

static void
move(uint64_t argument)
{
	(void)argument;
	for (;;) {
		moves++;
		exo_yield(EXO_NONE);
	}
}

/* Does the other hart go on? */
static bool
moves_on(void)
{
	uint64_t before = moves;

	for (int tries = 0; tries < 1000 && moves == before; tries++) {
		exo_pause(MS);
	}
	return moves != before;
}

static void
check_space(void)
{
	uint64_t where;
	struct exo_pages page;

	exo_pages_make(&page, 2);
	where = (uint64_t)page.memory;
	exo_unmap(where, 2, 0, NULL, EXO_NONE);
	exo_pages_make(&text, 1);
	memcpy(text.memory, code, sizeof(code));
	tap_is(make_far(), 0, "one with a space of its own begins on the other hart");
	tap_ok(serve_await(far.env, EXO_STATE_OPEN), "it waits for a call, and the hart sleeps");
	tap_is((int64_t)end_far(where), 0, "it goes, and its page table is memory");
	serve_make(&mover, 1, move);
	exo_env_start(mover.thread.env);
	tap_ok(moves_on(), "the hart still works");
	exo_unmap(where, 2, 0, NULL, EXO_NONE); /* its TLB forgets */
	tap_ok(moves_on(), "and goes on");
	hostile_thread_end(&mover.thread);
}

/* --- one asks, another waits -------------------------------------------------------------- */
static volatile uint64_t rounds, asked;

/* Each round it takes one step at what is dead, whatever it is, and does not enter the kernel again
 * until the next one. */
static void
ask(uint64_t argument)
{
	for (;;) {
		while (asked == rounds) {
		}
		exo_carve(argument, 0, 0, 1, EXO_READ, 0);
		asked++;
	}
}

/* In the end. */
static bool
is_memory(exo_handle frames)
{
	uint64_t where = 0;
	int64_t result = E_BUSY;

	for (int tries = 0; tries < 100 && result == E_BUSY; tries++) {
		exo_pause(MS);
		result = exo_vm_map(exo_own_vm(), frames, 0, 2, EXO_READ, &where);
	}
	exo_vm_unmap(exo_own_vm(), where, 2);
	return result == 0;
}

/* Environments end, and it is the other hart that asks for everybody whether they are still looked
 * at. */
static void
check_ask(void)
{
	struct server asker;
	uint64_t failed = 0;

	serve_make(&asker, 1, ask);
	exo_env_start(asker.thread.env);
	while (rounds < ROUNDS) {
		exo_handle env, frames;

		failed += exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, EXO_UAREA_BASE, &env,
					    &frames) != 0;
		failed += exo_drop(env, 0, 0) != 0;
		rounds++;
		while (asked != rounds) {
		}
		failed += !is_memory(frames);
		failed += exo_frames_release(exo_own_frames(), frames) != 0;
	}
	tap_is((int64_t)failed, 0, "environments end, whoever looks after them");
}

/* --- a server that moves -------------------------------------------------------------------- */
static volatile uint64_t early, answers;

static void
nap(struct exo_message *m, uint64_t badge)
{
	uint64_t until = exo_ticks() + m->word[0];

	(void)badge;
	exo_sleep(0, until);
	early += exo_ticks() < until;
}

static void
call_again(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	struct exo_message m = {.word = {20000}};

	for (;;) {
		answers += serve_call(s->uarea, gone.thread.env, &m) == 0;
	}
}

static void
check_moved(void)
{
	struct server caller;

	serve_start(&gone, 0, nap, 0);
	tap_is(exo_env_stop(gone.thread.env), 0, "a server stops");
	tap_is(exo_env_home(gone.thread.env, 1), 0, "moves");
	tap_is(exo_env_start(gone.thread.env), 0, "and starts");
	tap_ok(serve_await(gone.thread.env, EXO_STATE_OPEN), "it opens");
	serve_make(&caller, 1, call_again);
	exo_env_start(caller.thread.env);
	for (int tries = 0; tries < 1000 && answers < 5; tries++) {
		exo_pause(MS);
	}
	tap_ok(answers >= 5, "it is called there");
	tap_is((int64_t)early, 0, "and sleeps as long as it wants to");
	hostile_thread_end(&caller.thread);
	hostile_thread_end(&gone.thread);
}

int
main(void)
{
	tap_plan(12);
	check_moved();
	check_space();
	check_ask();
	return tap_end();
}
