/* SPDX-License-Identifier: MIT
 * hostile_s48_storm.c: S48: calls and answers without end on some harts, while another one shares,
 * revokes, drops and makes anew the environments, the capabilities and the leaves of slots that
 * they go through, and uses what was their frames as memory.
 *
 * That memory is full of slots that name an environment, with every right, and of environments that
 * wait for a call: whoever looks at it as what it was goes there.
 *
 * boot: init SMP=4 TIMEOUT=120 MEM=64M
 */
#include "test/boot/serve.h"

#define WHERE  0x3200000000ul
#define ROUNDS 20
#define LEAF   400 /* comes and goes */
#define RW     (EXO_READ | EXO_WRITE)
#define STORM  3 /* harts with callers */
#define PATIENCE 3000 /* looks, 10 ms apart */

static struct {
	struct server caller, server;
	volatile exo_handle through; /* what the caller calls through */
	volatile uint64_t calls, answers, refused, strange;
} pair[STORM + 1];
static volatile bool over;
static exo_handle leaf_page, env_pages;
static uint32_t leaf_slot, env_slot;

static void
answer(struct exo_message *m, uint64_t badge)
{
	m->word[1] = badge;
	m->word[0]++;
}

/* Answers must be those of the server, and all others refusals. */
static void
storm(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	uint64_t n = 0;

	while (!over) {
		for (uint32_t i = 1; i <= STORM; i++) {
			struct exo_message m = {.word = {n}};
			int64_t result;

			if (s != &pair[i].caller) {
				continue;
			}
			result =
				serve_call(s->uarea, n & 1 ? pair[i].through : pair[0].through, &m);
			pair[i].calls++;
			pair[i].answers += result == 0 && m.word[0] == n + 1;
			pair[i].strange += result == 0 && m.word[0] != n + 1;
			pair[i].refused += result != 0;
			n++;
			if (n % 64 == 0) {
				linger(200);
			}
		}
	}
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static void
table_for(uint64_t address)
{
	exo_handle table;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(address, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(address, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
}

/* Fill `pages` pages with words that look like slots that name the ENV in page `page`, of every
 * generation, or like pointers: nobody may read them as that, nobody may write there. */
static uint64_t
use_as_memory(exo_handle memory, uint64_t pages, uint64_t page)
{
	int64_t result = E_BUSY;
	uint64_t changed = 0;

	for (int tries = 0; tries < 100000 && result == E_BUSY; tries++) {
		result = exo_map(WHERE, memory, 0, pages, RW, NULL, EXO_NONE);
		exo_drop(EXO_NONE, 0, 0); /* a step at what is dead */
	}
	for (uint64_t i = 0; i < 512 * pages; i++) {
		at(WHERE)[i] = i % 8 == 0 ? (i / 512 + 1) << 32 | 0xffe8 : page;
	}
	linger(3000);
	for (uint64_t i = 0; i < 512 * pages; i++) {
		changed += at(WHERE)[i] != (i % 8 == 0 ? (i / 512 + 1) << 32 | 0xffe8 : page);
	}
	return changed + (result != 0) * 1000 + (exo_unmap(WHERE, pages, 0, NULL, EXO_NONE) < 0);
}

/* A leaf comes, gets shares of all servers, which are called through it, and goes. */
static uint64_t
leaf_round(uint64_t page)
{
	exo_handle shares[STORM + 1] = {0};
	int64_t leaf = exo_create(EXO_CAP_CSPACE, leaf_page, leaf_slot, exo_start()->cspace, LEAF);

	for (uint32_t i = 1; i <= STORM && leaf > 0; i++) {
		int64_t h =
			exo_share(pair[i].server.thread.env, LEAF * 64 + i, 0, 0, EXO_ENV_CALL, i);

		shares[i] = h > 0 ? (exo_handle)h : EXO_NONE;
		pair[i].through = shares[i];
	}
	linger(20000);
	exo_drop((exo_handle)leaf, 0, 0);
	return use_as_memory(leaf_page, 1, page) + (leaf < 0) * 100;
}

static void
reply_only(uint64_t argument)
{
	serve_body(argument);
}

/* A server on hart `hart` comes, is called by whoever lives there, and goes. */
static uint64_t
env_round(uint32_t hart, uint64_t page)
{
	static struct exo_pages stack;
	static struct server s;
	struct exo_context c = {.pc = (uint64_t)reply_only};
	int64_t env;

	if (!stack.memory) {
		exo_pages_make(&stack, THREAD_STACK_PAGES);
	}
	s.uarea = THREAD_UAREAS + (THREADS_MAX + 2) * EXO_PAGE_SIZE;
	s.function = answer;
	env = exo_create(EXO_CAP_ENV, env_pages, env_slot, hart | EXO_ENV_FP << 8, s.uarea);
	s.thread.env = (exo_handle)env;
	exo_bind(EXO_BIND_SPACE, s.thread.env, exo_start()->space, 0);
	exo_bind(EXO_BIND_CSPACE, s.thread.env, exo_start()->cspace, 0);
	exo_map(s.uarea, s.thread.env, 0, 1, RW, NULL, EXO_NONE);
	c.x[2] = (uint64_t)stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE;
	c.x[10] = (uint64_t)&s;
	__asm__("mv %0, tp" : "=r"(c.x[4]));
	exo_env_write(s.thread.env, &c);
	exo_env_start(s.thread.env);
	linger(5000);
	pair[0].through = s.thread.env;
	linger(20000);
	exo_drop(s.thread.env, 0, 0);
	return use_as_memory(env_pages, 2, page) + (env < 0) * 100;
}

static void
prepare(void)
{
	table_for(WHERE);
	exo_vm_map_at(exo_own_vm(), THREAD_UAREAS + (THREADS_MAX + 2) * EXO_PAGE_SIZE,
		      exo_start()->env, 0, 1, RW); /* so that there is a table */
	exo_unmap(THREAD_UAREAS + (THREADS_MAX + 2) * EXO_PAGE_SIZE, 1, 0, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), 1, 1, &leaf_page);
	exo_frames_carve(exo_own_frames(), 2, 2, &env_pages);
	leaf_slot = free_slot();
	env_slot = free_slot();
	for (uint32_t i = 1; i <= STORM; i++) {
		serve_start(&pair[i].server, i, answer, 0);
		pair[i].through = pair[i].server.thread.env;
		serve_make(&pair[i].caller, i, storm);
		exo_env_start(pair[i].caller.thread.env);
	}
}

int
main(void)
{
	struct exo_cap_info info = {0};
	uint64_t wrong = 0;

	tap_plan(3 * STORM + 2);
	prepare();
	exo_inspect(pair[1].server.thread.env, 0, &info);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		wrong += leaf_round(info.start);
		wrong += env_round(1 + (uint32_t)round % STORM, info.start);
	}
	for (uint32_t i = 1; i <= STORM; i++) { /* it is still served, however slow a machine is */
		pair[i].through = pair[i].server.thread.env;
		for (uint32_t turn = 0; turn < PATIENCE && pair[i].answers <= 10; turn++) {
			exo_pause(10 * MS);
		}
	}
	over = true;
	exo_pause(10 * MS);
	tap_is((int64_t)wrong, 0, "nobody reads or writes what was a leaf or an environment");
	tap_is((int64_t)pair[0].strange, 0, "nobody else is called");
	for (uint32_t i = 1; i <= STORM; i++) {
		tap_ok(pair[i].answers > 10, "hart %u: %lu answers", i,
		       (unsigned long)pair[i].answers);
		tap_is((int64_t)pair[i].strange, 0, "all of them the right ones");
		tap_is((int64_t)(pair[i].calls - pair[i].answers - pair[i].refused), 0,
		       "the others are refused");
	}
	return tap_end();
}
