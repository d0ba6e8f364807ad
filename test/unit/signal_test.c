/* SPDX-License-Identifier: MIT
 * signal_test.c: a signal to a sleeper of another hart interrupts that hart only if it may be what
 * is slept for: whoever signals without end would take the time of those who run there.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/kernel.h"
#include "kern/object.h"

#define AWAITED (1ul << 5)
#define OTHER   (1ul << 7)
#define UPCALL  (1ul << 9)

static struct kernel kernel;
static struct env sleeper;

/* It sleeps on hart 1; this is hart 0. */
static int
set_up(void **state)
{
	(void)state;
	memset(&sleeper, 0, sizeof(sleeper));
	kernel.hart[1].number = 1;
	kernel.hart[1].kernel = &kernel;
	kernel.hart[1].inbox = NULL;
	sleeper.kernel = &kernel;
	sleeper.hart = &kernel.hart[1];
	sleeper.state = EXO_STATE_SLEEPING;
	sleeper.sleeping = 1;
	sleeper.wait_mask = AWAITED;
	sleeper.event_mask = UPCALL;
	return 0;
}

static bool
is_posted(void)
{
	return kernel.hart[1].inbox == &sleeper && sleeper.posted;
}

static void
not_awaited(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		env_signal(&sleeper, OTHER);
		assert_false(is_posted());
	}
	assert_int_equal(sleeper.events, OTHER);
}

static void
awaited(void **state)
{
	(void)state;
	env_signal(&sleeper, OTHER | AWAITED);
	assert_true(is_posted());
	assert_int_equal(sleeper.events, OTHER | AWAITED);
}

static void
for_an_upcall(void **state)
{
	(void)state;
	env_signal(&sleeper, UPCALL);
	assert_true(is_posted());
}

/* A predicate may read the events: any. */
static void
by_predicate(void **state)
{
	(void)state;
	sleeper.predicate.waits = true;
	env_signal(&sleeper, OTHER);
	assert_true(is_posted());
}

static void
awake(void **state)
{
	(void)state;
	sleeper.state = EXO_STATE_READY;
	sleeper.sleeping = 0;
	env_signal(&sleeper, AWAITED);
	assert_false(is_posted());
	assert_int_equal(sleeper.events, AWAITED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(not_awaited, set_up),
		cmocka_unit_test_setup(awaited, set_up),
		cmocka_unit_test_setup(for_an_upcall, set_up),
		cmocka_unit_test_setup(by_predicate, set_up),
		cmocka_unit_test_setup(awake, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
