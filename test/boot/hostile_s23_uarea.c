/* SPDX-License-Identifier: MIT
 * hostile_s23_uarea.c: S23: whatever stands in a u-area, whenever it changes and from whichever
 * hart, can hurt only the environment whose it is: the kernel writes it and believes nothing in it.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define SECONDS    3
#define LIVES_MOST (THREADS_MAX / 2) /* before u-areas are used again: the scribbler's is one */
#define WORDS      (EXO_PAGE_SIZE / 8)

static exo_handle pool;
static uint64_t nothing[512];
static volatile uint64_t *scribbled; /* the u-area of a victim, as the program sees it */
static volatile bool over;
static volatile uint64_t scribbles, lives;

static const uint64_t words[] = {0,
				 1,
				 8,
				 31,
				 32,
				 33,
				 ~0ul,
				 1ul << 63,
				 1ul << 32,
				 KERNEL_IMAGE,
				 KERNEL_DIRECT,
				 KERNEL_STACKS + 0x7ff8,
				 EXO_USER_END,
				 EXO_USER_END - 8,
				 EXO_UAREA_BASE,
				 0x10000};

/* Another hart writes all over it. */
static void
scribble_body(uint64_t argument)
{
	uint64_t state = argument;

	while (!over) {
		uint64_t r = noise(&state);

		scribbled[r % (r & 1024 ? 16 : WORDS)] = words[r >> 16 & 15];
		scribbles++;
	}
	exo_exit(0);
}

/* Makes every use that the kernel has for it: exceptions, resume, foreign calls, sleep, events. */
static void
victim_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		lives++;
		__asm__ volatile(".option push\n.option norvc\n"
				 "ld zero, 0(zero)\n" /* stepped over, if nobody interferes */
				 "li a7, 93\n ecall\n"
				 "li a7, %0\n ecall\n"
				 ".option pop"
				 :
				 : "i"(-EXO_NR_resume)
				 : "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2",
				   "t3", "t4", "t5", "t6", "memory");
		exo_sleep(~0ul, 0);
		exo_signal(exo_start()->env, 1);
	}
}

/* One life of a victim; true if it could be made and ended. */
static bool
one_life(uint64_t turn)
{
	struct hostile_thread victim;
	struct exo_context now = {0};
	struct exo_cap_info info = {0};
	uint64_t address = 0;
	bool right = hostile_thread_make(&victim, 0, victim_body, turn) == 0;

	right &= exo_env_entry(victim.env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
			       (uint64_t)exo_skip_window) == 0;
	right &= exo_vm_map(exo_own_vm(), victim.env, 0, 1, EXO_READ | EXO_WRITE, &address) == 0;
	scribbled = at(address);
	right &= exo_env_start(victim.env) == 0;
	exo_inspect(pool, 0, &info);
	for (int i = 0; i < 20; i++) {
		/* the last one bound to this capability space is asked, and told of losses */
		exo_handle part = (exo_handle)exo_carve(pool, exo_start()->slots - 1, info.start, 1,
							EXO_READ, 0);

		exo_ask(pool, info.start, 1, turn);
		right &= exo_revoke(pool, 0, 0) == 0;
		right &= exo_drop(part, 0, 0) == E_HANDLE;
		exo_signal(victim.env, 1ul << i);
		exo_yield(EXO_NONE);
	}
	right &= exo_env_stop(victim.env) == 0 || exo_env_read(victim.env, &now) == 0;
	right &= exo_env_read(victim.env, &now) == 0 && now.pc < ~0ul;
	scribbled = nothing;
	right &= exo_vm_unmap(exo_own_vm(), address, 1) == 0;
	right &= hostile_thread_end(&victim) == 0;
	return right;
}

/* A return to an address of the kernel, with what the u-area says, is an exception at that address.
 */
static void
resume_body(uint64_t argument)
{
	(void)argument;
	exo_resume();
	exo_exit(7);
}

static void
check_resume(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 5; i < ARRAY_SIZE(words) - 1; i++) {
		struct hostile_thread thread;
		struct exo_context now = {0};
		uint64_t address = 0;

		hostile_thread_make(&thread, 1, resume_body, 0);
		exo_vm_map(exo_own_vm(), thread.env, 0, 1, EXO_READ | EXO_WRITE, &address);
		struct exo_uarea *u = (struct exo_uarea *)address;

		u->cause = 1;
		u->pc = words[i];
		exo_env_start(thread.env);
		for (int tries = 0; tries < 1000 && now.death.kind == EXO_DEATH_NONE; tries++) {
			exo_pause(100000);
			exo_env_read(thread.env, &now);
		}
		if (now.death.kind != EXO_DEATH_FAULT || (now.death.pc ^ words[i]) & ~1ul) {
			printf("# 0x%lx: ended with %lu at 0x%lx\n", (unsigned long)words[i],
			       (unsigned long)now.death.kind, (unsigned long)now.death.pc);
			wrong++;
		}
		exo_vm_unmap(exo_own_vm(), address, 1);
		hostile_thread_end(&thread);
	}
	tap_is(wrong, 0, "resume to an address of the kernel is a fault in user mode");
}

/* How many are in the vector, as the u-area says, is an index for nobody. */
static void
check_vector(void)
{
	struct hostile_thread thread;
	struct exo_cap_info info = {0};
	uint64_t address = 0;
	uint32_t wrong = 0;

	hostile_thread_make(&thread, 1, resume_body, 0);
	exo_vm_map(exo_own_vm(), thread.env, 0, 1, EXO_READ | EXO_WRITE, &address);
	exo_inspect(pool, 0, &info);
	struct exo_uarea *u = (struct exo_uarea *)address;

	for (uint32_t i = 4; i < ARRAY_SIZE(words); i++) {
		u->repossessed = words[i];
		u->repossessed_overflow = 0;
		exo_carve(pool, exo_start()->slots - 1, info.start, 1, EXO_READ, 0);
		wrong += exo_revoke(pool, 0, 0) != 0;
		wrong += words[i] >= EXO_REPOSSESSIONS &&
			 (u->repossessed != words[i] || !u->repossessed_overflow);
	}
	tap_is(wrong, 0, "an impossible count of losses is an overflow");
	exo_vm_unmap(exo_own_vm(), address, 1);
	hostile_thread_end(&thread);
}

int
main(void)
{
	struct hostile_thread scribbler;
	uint64_t until, turns = 0;
	uint32_t wrong = 0;

	tap_plan(6);
	exo_frames_carve(exo_own_frames(), 2, 1, &pool);
	check_resume();
	check_vector();

	scribbled = nothing;
	tap_is(hostile_thread_start(&scribbler, 1, scribble_body, 4711), 0,
	       "another hart scribbles");
	until = exo_now_ns() + SECONDS * EXO_NS_PER_S;
	for (; turns < LIVES_MOST && exo_now_ns() < until; turns++) {
		wrong += !one_life(turns);
	}
	over = true;
	tap_ok(turns > 3 && lives && scribbles > 1000, "%lu lives, %lu turns of theirs, %lu words",
	       (unsigned long)turns, (unsigned long)lives, (unsigned long)scribbles);
	tap_is(wrong, 0, "all of them could be made, asked, told, stopped and ended");
	tap_is(exo_drop(pool, 0, 0), 0, "and the page is free");
	return tap_end();
}
