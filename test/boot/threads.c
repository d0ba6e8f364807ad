/* SPDX-License-Identifier: MIT
 * threads.c: environments in one space are threads: mutexes, condition variables, once,
 * thread-local variables, the heap, exceptions and events of each, their ends in any order.
 *
 * boot: init SMP=1 ICOUNT=1
 * boot: init SMP=3
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/mutex.h"
#include "lib/exo/slots.h"
#include "lib/exo/thread.h"
#include "lib/exo/upcall.h"
#include "test/boot/tap.h"

#define THREADS 8
#define ROUNDS  300
#define ITEMS   100
#define QUEUE   4
#define MS      1000000ul
#define WILD    0x123000ul
#define BIT     9

static struct exo_thread thread[THREADS];

static uint32_t
hart_of(uint64_t number)
{
	return (uint32_t)(number % exo_sysinfo()->harts);
}

static unsigned
start_all(unsigned count, uint64_t (*body)(void *))
{
	unsigned started = 0;

	for (uint64_t i = 0; i < count; i++) {
		started += exo_thread_start(&thread[i], hart_of(i), body, (void *)i) == 0;
	}
	return started;
}

/* The sum of their statuses, the last one first. */
static uint64_t
join_all(unsigned count)
{
	uint64_t sum = 0;
	uint64_t status;

	for (unsigned i = count; i-- > 0;) {
		sum += exo_thread_join(&thread[i], &status) == 0 ? status : 1ul << 40;
	}
	return sum;
}

/* --- mutex: two words that only the lock keeps equal -------------------------------------------
 */
static struct {
	struct exo_mutex lock;
	volatile uint64_t first, second;
} pair;

static uint64_t
count_body(void *argument)
{
	uint64_t torn = 0;

	(void)argument;
	for (int i = 0; i < ROUNDS; i++) {
		exo_mutex_lock(&pair.lock);
		torn += pair.first != pair.second;
		pair.first++;
		if (i % 16 == 0) {
			exo_yield(EXO_NONE);
		}
		pair.second++;
		exo_mutex_unlock(&pair.lock);
	}
	return torn;
}

static void
check_mutex(void)
{
	tap_is(start_all(THREADS, count_body), THREADS, "eight threads begin");
	tap_is((int64_t)join_all(THREADS), 0, "none sees what another one has half done");
	tap_is((int64_t)pair.second, THREADS * ROUNDS, "and nothing is lost");
	tap_ok(pair.lock.word == EXO_MUTEX_FREE && exo_mutex_try(&pair.lock) &&
		       !exo_mutex_try(&pair.lock),
	       "the lock is free, and taken once");
	exo_mutex_unlock(&pair.lock);
}

/* A call costs some 50 instructions. */
static void
check_no_call(void)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 10; i++) {
		uint64_t begin = exo_now_ns();

		for (int j = 0; j < 1000; j++) {
			exo_mutex_lock(&pair.lock);
			exo_mutex_unlock(&pair.lock);
		}
		best = exo_now_ns() - begin < best ? exo_now_ns() - begin : best;
	}
	tap_ok(exo_sysinfo()->harts > 1 || best < 30 * 1000,
	       "a lock that nobody else wants makes no call: %lu ns in a thousand",
	       (unsigned long)best);
}

/* --- condition variable: a queue of four between producers and consumers ------------------------
 */
static struct {
	struct exo_mutex lock;
	struct exo_condition filled, emptied;
	uint64_t item[QUEUE];
	uint64_t in, out;
} queue;

static void
queue_put(uint64_t item)
{
	exo_mutex_lock(&queue.lock);
	while (queue.in - queue.out == QUEUE) {
		exo_condition_wait(&queue.emptied, &queue.lock, EXO_FOREVER);
	}
	queue.item[queue.in++ % QUEUE] = item;
	exo_condition_signal(&queue.filled);
	exo_mutex_unlock(&queue.lock);
}

static uint64_t
queue_take(void)
{
	uint64_t item;

	exo_mutex_lock(&queue.lock);
	while (queue.in == queue.out) {
		exo_condition_wait(&queue.filled, &queue.lock, EXO_FOREVER);
	}
	item = queue.item[queue.out++ % QUEUE];
	exo_condition_signal(&queue.emptied);
	exo_mutex_unlock(&queue.lock);
	return item;
}

/* Even ones put 1 to ITEMS, odd ones take as many and add them up. */
static uint64_t
queue_body(void *argument)
{
	uint64_t sum = 0;

	for (uint64_t i = 1; i <= ITEMS; i++) {
		if ((uint64_t)argument % 2) {
			sum += queue_take();
		} else {
			queue_put(i);
		}
	}
	return sum;
}

static void
check_condition(void)
{
	struct exo_condition never = {.first = NULL};
	uint64_t begin = exo_now_ns();

	start_all(THREADS, queue_body);
	tap_is((int64_t)join_all(THREADS), THREADS / 2 * ITEMS * (ITEMS + 1) / 2,
	       "what is put into a queue is taken out, each item once");
	exo_mutex_lock(&queue.lock);
	tap_is(exo_condition_wait(&never, &queue.lock, MS), E_TIMEOUT, "a wait has an end");
	tap_ok(exo_now_ns() - begin >= MS && !exo_mutex_try(&queue.lock) && !never.first,
	       "not before its time, with the lock, and leaves nothing");
	exo_mutex_unlock(&queue.lock);
}

static struct {
	struct exo_mutex lock;
	struct exo_condition opened;
	bool is_open;
	uint64_t waiting;
} gate;

static uint64_t
gate_body(void *argument)
{
	(void)argument;
	exo_mutex_lock(&gate.lock);
	gate.waiting++;
	while (!gate.is_open) {
		exo_condition_wait(&gate.opened, &gate.lock, EXO_FOREVER);
	}
	exo_mutex_unlock(&gate.lock);
	return 1;
}

static void
check_broadcast(void)
{
	start_all(THREADS, gate_body);
	exo_mutex_lock(&gate.lock);
	while (gate.waiting < THREADS) {
		exo_mutex_unlock(&gate.lock);
		exo_pause(MS);
		exo_mutex_lock(&gate.lock);
	}
	gate.is_open = true;
	exo_condition_broadcast(&gate.opened);
	exo_mutex_unlock(&gate.lock);
	tap_is((int64_t)join_all(THREADS), THREADS, "a broadcast wakes all");
}

/* --- once, thread-local variables, heap ---------------------------------------------------------
 */
static struct exo_once once;
static volatile uint64_t onces;
static _Thread_local uint64_t local = 5;

static void
one_time(void)
{
	exo_pause(MS);
	onces++;
}

static uint64_t
own_body(void *argument)
{
	uint64_t wrong = local != 5;

	exo_once(&once, one_time);
	wrong += onces != 1;
	local += (uint64_t)argument;
	errno = (int)(uint64_t)argument;
	for (uint64_t i = 0; i < 100; i++) {
		size_t bytes = 100 + i * 64;
		char *block = malloc(bytes);

		if (!block) {
			return wrong + 1;
		}
		memset(block, (int)(uint64_t)argument, bytes);
		if (i % 8 == 0) {
			exo_yield(EXO_NONE);
		}
		wrong += block[0] != (char)(uint64_t)argument || block[bytes - 1] != block[0];
		free(block);
	}
	wrong += local != 5 + (uint64_t)argument || errno != (int)(uint64_t)argument;
	return wrong;
}

static void
check_own(void)
{
	start_all(THREADS, own_body);
	tap_is((int64_t)join_all(THREADS), 0,
	       "once is once; thread-local variables and errno are each one's; so is what it "
	       "allocates");
	tap_is((int64_t)local, 5, "the first thread has its own as well");
}

/* --- exceptions, events and ends of each --------------------------------------------------------
 */
static _Thread_local uint64_t faults, notices;

static int
step_over(struct exo_fault *fault)
{
	faults++;
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static void
note(uint64_t events)
{
	notices += events == EXO_EVENT(BIT);
}

static uint64_t
upcall_body(void *argument)
{
	exo_on_exception(step_over);
	exo_on_event(EXO_EVENT(BIT), note);
	for (uint64_t i = 0; i < (uint64_t)argument; i++) {
		*(volatile char *)WILD;
		exo_signal(exo_own_env(), EXO_EVENT(BIT));
	}
	return faults * 100 + notices;
}

static uint64_t
wild_body(void *argument)
{
	(void)argument;
	return *(volatile uint64_t *)WILD;
}

static uint64_t
deep_body(void *argument)
{
	volatile char deep[(EXO_THREAD_STACK_PAGES + 1) * EXO_PAGE_SIZE];

	deep[0] = (char)(uint64_t)argument;
	return (uint64_t)deep[0];
}

static uint64_t
exit_body(void *argument)
{
	exo_pause(((uint64_t)argument * 5 % THREADS) * MS);
	exo_thread_exit((uint64_t)argument);
}

static void
check_upcalls(void)
{
	uint64_t status = 0;

	start_all(THREADS, upcall_body);
	tap_is((int64_t)join_all(THREADS), THREADS * (THREADS - 1) / 2 * 101,
	       "each handles its own exceptions and events");
	start_all(THREADS, exit_body);
	tap_is((int64_t)join_all(THREADS), THREADS * (THREADS - 1) / 2,
	       "their ends are told in any order");
	exo_thread_start(&thread[0], 0, wild_body, NULL);
	tap_is(exo_thread_join(&thread[0], &status), E_DEAD, "one that faults is told apart");
	tap_ok(thread[0].death == EXO_DEATH_FAULT && status == EXO_CAUSE_LOAD_PAGE,
	       "with a reason");
	exo_thread_start(&thread[0], 0, deep_body, NULL);
	tap_is(exo_thread_join(&thread[0], &status), E_DEAD, "a stack that is full is a fault");
}

/* A thread starts and joins others; a child may be joined by another one than its maker. */
static uint64_t
tree_body(void *argument)
{
	struct exo_thread child;
	uint64_t status = 0;

	if ((uint64_t)argument == 0) {
		return 1;
	}
	if (exo_thread_start(&child, hart_of((uint64_t)argument), tree_body,
			     (void *)((uint64_t)argument - 1)) ||
	    exo_thread_join(&child, &status)) {
		return 0;
	}
	return status + 1;
}

static uint64_t
maker_body(void *argument)
{
	(void)argument;
	return (uint64_t)exo_thread_start(&thread[1], hart_of(1), exit_body, (void *)3);
}

static void
check_family(void)
{
	uint64_t status = 0;

	exo_thread_start(&thread[0], hart_of(1), tree_body, (void *)6);
	tap_ok(exo_thread_join(&thread[0], &status) == 0 && status == 7, "threads make threads");
	exo_thread_start(&thread[0], hart_of(2), maker_body, NULL);
	tap_ok(exo_thread_join(&thread[0], &status) == 0 && status == 0 &&
		       exo_thread_join(&thread[1], &status) == 0 && status == 3,
	       "and others join them");
}

static void
check_leaks(void)
{
	int64_t slot = exo_slot_take();
	uint64_t wrong = 0;
	void *first;

	exo_slot_free((uint32_t)slot);
	start_all(THREADS, upcall_body);
	first = thread[0].stack.memory;
	join_all(THREADS);
	for (int i = 0; i < 3; i++) {
		wrong += start_all(THREADS, upcall_body) != THREADS;
		wrong += thread[0].stack.memory != first;
		wrong += join_all(THREADS) != THREADS * (THREADS - 1) / 2 * 101;
	}
	tap_is((int64_t)wrong, 0, "24 more find the same room");
	tap_is(exo_slot_take(), slot, "no slot is lost");
}

int
main(void)
{
	tap_plan(20);
	check_mutex();
	check_no_call();
	check_condition();
	check_broadcast();
	check_own();
	check_upcalls();
	check_family();
	check_leaks();
	return tap_end();
}
