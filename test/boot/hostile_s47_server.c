/* SPDX-License-Identifier: MIT
 * hostile_s47_server.c: S47: who serves badly harms only who called it, and who goes while it waits
 * or serves leaves nothing behind: no call, no deadline, no hold on the hart.
 *
 * boot: init SMP=1 TIMEOUT=20
 */
#include "test/boot/serve.h"

#define WHERE   0x3200000000ul
#define WORDS   1024
#define PATTERN 0x0101010101010101ul
#define RW      (EXO_READ | EXO_WRITE)

static struct server server, other;
static volatile uint64_t calls, results;

static void
set_deadline(uint64_t uarea, uint64_t ms)
{
	uint64_t ticks = ms * (exo_sysinfo()->timebase_hz / 1000);

	*at(uarea + EXO_U_CALL_DEADLINE) = ms ? exo_ticks() + ticks : 0;
}

/* --- servers ------------------------------------------------------------------------------ */
static void
nap(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	calls++;
	exo_sleep(1ul << 5, exo_ticks() + m->word[0]);
}

/* --- callers ------------------------------------------------------------------------------ */
/* Calls `server` once with word 0 = results, then exits. */
static void
call_once(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	struct exo_message m = {.word = {~0ul >> 8}};

	results = (uint64_t)serve_call(s->uarea, server.thread.env, &m);
	exo_exit(0);
}

/* --- what is left of one that went --------------------------------------------------------- */
static exo_handle memory;
static uint32_t env_slot;

static void
prepare_place(void)
{
	exo_handle table;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), 2, 2, &memory);
	env_slot = free_slot();
}

/* Like hostile_thread_make, of pages that are looked at afterwards. */
static void
place_make(struct server *s, void (*body)(uint64_t))
{
	struct exo_context c = {.pc = (uint64_t)body};
	static struct exo_pages stack;

	if (!stack.memory) {
		exo_pages_make(&stack, THREAD_STACK_PAGES);
	}
	s->uarea = THREAD_UAREAS + (THREADS_MAX + 2) * EXO_PAGE_SIZE;
	s->thread.env =
		(exo_handle)exo_create(EXO_CAP_ENV, memory, env_slot, EXO_ENV_FP << 8, s->uarea);
	exo_bind(EXO_BIND_SPACE, s->thread.env, exo_start()->space, 0);
	exo_bind(EXO_BIND_CSPACE, s->thread.env, exo_start()->cspace, 0);
	exo_vm_map_at(exo_own_vm(), s->uarea, s->thread.env, 0, 1, RW);
	c.x[2] = (uint64_t)stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE;
	c.x[10] = (uint64_t)s;
	__asm__("mv %0, tp" : "=r"(c.x[4]));
	exo_env_write(s->thread.env, &c);
}

/* It goes, its pages are memory at once: how many words of them does somebody change? */
static uint64_t
place_end(struct server *s)
{
	uint64_t changed = exo_drop(s->thread.env, 0, 0) != 0;

	changed += exo_map(WHERE, memory, 0, 2, RW, NULL, EXO_NONE) != 0;
	for (uint64_t i = 0; i < WORDS; i++) {
		at(WHERE)[i] = PATTERN;
	}
	for (int i = 0; i < 20; i++) {
		exo_pause(MS);
	}
	for (uint64_t i = 0; i < WORDS; i++) {
		changed += at(WHERE)[i] != PATTERN;
	}
	changed += exo_unmap(WHERE, 2, 0, NULL, EXO_NONE) < 0;
	return changed;
}

/* A caller with a deadline waits for one that sleeps, and is stopped; the one it called ends, or
 * answers in time that it gets by a yield; then the caller goes, before its deadline. */
static void
check_caller_goes(bool by_answer, bool is_stopped)
{
	struct exo_message m = {.word = {0}};

	serve_start(&server, 0, nap, 0);
	place_make(&other, call_once);
	set_deadline(other.uarea, 15);
	exo_env_start(other.thread.env);
	exo_pause(MS);
	tap_is(serve_context(other.thread.env).state, EXO_STATE_CALLING, "a caller waits");
	if (is_stopped) {
		exo_env_stop(other.thread.env);
	}
	if (by_answer) {
		exo_signal(server.thread.env, 1ul << 5);
		exo_pause(MS);
		exo_yield(server.thread.env);
		serve_await(server.thread.env, EXO_STATE_OPEN);
	} else {
		hostile_thread_end(&server.thread);
	}
	tap_is((int64_t)place_end(&other), 0, "it goes, and nobody writes to what was its pages");
	if (by_answer) {
		tap_is(exo_call(server.thread.env, &m), 0, "who answered it serves the next one");
		hostile_thread_end(&server.thread);
	}
}

int
main(void)
{
	tap_plan(7);
	prepare_place();
	check_caller_goes(false, false);
	check_caller_goes(false, true);
	check_caller_goes(true, true);
	return tap_end();
}
