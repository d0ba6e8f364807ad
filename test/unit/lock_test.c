/* SPDX-License-Identifier: MIT
 * lock_test.c: harts, here threads, that all want one lock: one at a time, and nobody is forgotten.
 *
 * links: ; libs: -pthread
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kern/lock.h"

#define THREADS 4
#define TIMES   500

static struct lock lock;
static volatile uint32_t inside;
static volatile uint32_t times;
static uint32_t met; /* how often somebody else was inside */

static void *
work(void *unused)
{
	(void)unused;
	for (uint32_t i = 0; i < TIMES; i++) {
		lock_acquire(&lock);
		met += inside;
		inside = 1;
		times = times + 1;
		inside = 0;
		lock_release(&lock);
	}
	return NULL;
}

static void
test_one_at_a_time(void **unused)
{
	pthread_t thread[THREADS];

	(void)unused;
	for (uint32_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&thread[i], NULL, work, NULL), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
	}
	assert_int_equal(met, 0);
	assert_int_equal(times, THREADS * TIMES);
	assert_int_equal(lock.next, lock.owner);
}

static void
test_tickets_wrap(void **unused)
{
	lock.next = UINT64_MAX - 7;
	lock.owner = UINT64_MAX - 7;
	times = 0;
	test_one_at_a_time(unused);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_tickets_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
