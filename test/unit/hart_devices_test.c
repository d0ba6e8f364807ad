/* SPDX-License-Identifier: MIT
 * hart_devices_test.c: how much of a hart the kernel's devices get, with a clock and devices of the
 * test's own: a device that always has more to do, and one piece of user time after the other.
 *
 * links: kern/deadline.c kern/hart.c kern/timeline.c kern/trace.c kern/transfer.c kern/upcall.c
 * links: lib/base/tree.c arch/host/ram.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/console.h"
#include "kern/irq.h"
#include "kern/kernel.h"
#include "kern/slots.h"
#include "kern/space.h"

#define TURN_TICKS 16
#define USER_TICKS 3
#define END_TICKS  100000
#define ASKING     30
#define PC         0x1000
#define CALL_TICKS 20 /* of a long call */
#define ASK_TICKS  12 /* of what another hart asks for */

static struct kernel kernel;
static struct env env;
static struct env asking[ASKING];
static struct exo_sysinfo sysinfo = {.quantum_ticks = 10000};
static struct {
	uint64_t now;
	uint64_t timer;
	uint64_t device_ticks;
	uint64_t latest; /* how long the device waited at most */
	uint64_t last;
	uint32_t taken; /* requests of other harts */
	bool enabled;
	bool more;      /* the device says that it has more to do */
	bool once;      /* the next trap of the environment is another one's */
	bool storms;    /* another hart asks for something whenever it can, */
	bool asks_once; /* but not again before it is done */
	uint32_t polls; /* of the console, which a timer's interrupt leads to */
} board;

/* --- what the hart stands on ---------------------------------------------------------------- */
void
paranoid_check(struct kernel *k) /* with CONFIG_PARANOID: there is no tree here */
{
	(void)k;
}

uint64_t
host_time(void)
{
	return board.now;
}

uint64_t
arch_timebase_hz(void)
{
	return 10000000;
}

void
arch_timer_set(uint64_t time)
{
	board.timer = time;
}

uint32_t
host_pending(void)
{
	const struct hart *h = &kernel.hart[0];
	bool is_asked = board.asks_once && (h->inbox || h->inbox_rest);

	return (board.storms && !is_asked ? ARCH_PENDING_IPI : 0) |
	       (board.enabled ? ARCH_PENDING_EXTERNAL : 0) |
	       (board.timer <= board.now ? ARCH_PENDING_TIMER : 0);
}

void
arch_external_enable(bool enable)
{
	board.enabled = enable;
}

bool
irq_handle(struct hart *h)
{
	uint64_t waited = board.now - board.last;

	board.latest = waited > board.latest ? waited : board.latest;
	board.now += TURN_TICKS;
	board.last = board.now;
	board.device_ticks += TURN_TICKS;
	h->irq_again = board.more;
	return board.enabled;
}

/* Nothing goes the short way here. */
bool
irq_quick(struct hart *h, struct env *e)
{
	(void)h;
	(void)e;
	return false;
}

struct kernel *
kernel_get(void)
{
	return &kernel;
}

void
arch_wait(void)
{
	/* something becomes ready after a while, so that hart_dispatch ends */
	if (board.now > END_TICKS) {
		hart_ready(&kernel.hart[0], &env);
	}
}

void
arch_ipi_clear(void)
{
	kernel.hart[0].inbox = &asking[0];
}

void
arch_trap_once(struct arch_env *a)
{
	assert_ptr_equal(a, &env.arch);
	board.once = true;
}

void
arch_send_ipi(uint64_t mask)
{
	(void)mask;
}

void
arch_fp_switch(struct arch_env *previous, struct arch_env *next)
{
	(void)previous;
	(void)next;
}

void
arch_space_enter(const struct arch_env *a)
{
	(void)a;
}

void
arch_fence_some(const struct arch_fence *fence)
{
	(void)fence;
}

uint32_t
host_hart(void)
{
	return 0;
}

bool
console_needs_polling(void)
{
	return false;
}

bool
console_interrupt(uint32_t bytes)
{
	(void)bytes;
	board.polls++;
	return false;
}

void
slots_follow(struct hart *h)
{
	(void)h;
}

void
env_take_requests(struct env *e)
{
	(void)e;
	board.taken++;
	board.now += board.storms ? ASK_TICKS : 0;
}

void
env_take_early(struct env *e)
{
	(void)e;
}

void
env_overrun(struct env *e)
{
	(void)e;
}

void
env_napped(struct env *slept, struct env *woke)
{
	(void)slept;
	(void)woke;
}

void
env_timeout(struct env *e)
{
	(void)e;
}

void
env_look_by_predicate(struct env *e)
{
	(void)e;
}

/* --- tests ---------------------------------------------------------------------------------- */
static int
set_up(void **unused)
{
	struct hart *h = &kernel.hart[0];

	(void)unused;
	memset(&board, 0, sizeof(board));
	memset(&kernel, 0, sizeof(kernel));
	board.enabled = true;
	kernel.sysinfo = &sysinfo;
	kernel.harts = 1;
	h->kernel = &kernel;
	h->has_plic = true;
	h->current = &env;
	h->second_ticks = arch_timebase_hz();
	timeline_init(&h->timeline, 0, sysinfo.quantum_ticks);
	timeline_member_init(&env.member, true);
	memset(&env.arch, 0, sizeof(env.arch));
	env.arch.x[0] = PC;
	return 0;
}

/* The environment runs and the device interrupts whenever it may, until END_TICKS. */
static void
run_environment(void)
{
	hart_ready(&kernel.hart[0], &env);
	while (board.now < END_TICKS) {
		if (board.enabled || board.timer <= board.now) {
			hart_interrupts(&kernel.hart[0]);
			hart_dispatch(&kernel.hart[0]);
		}
		board.now += USER_TICKS;
	}
}

/* It waited no longer than for its share, and `late`. */
static void
check_share(uint64_t late)
{
	uint64_t percent = board.device_ticks * 100 / board.now;

	assert_in_range(percent, CONFIG_IRQ_PERCENT / 2, CONFIG_IRQ_PERCENT);
	assert_true(board.latest <= TURN_TICKS * 100 / CONFIG_IRQ_PERCENT + late);
}

static void
test_a_line_that_never_rests_gets_its_share(void **unused)
{
	(void)unused;
	run_environment();
	check_share(USER_TICKS);
}

static void
test_a_device_with_more_to_do_gets_its_share(void **unused)
{
	(void)unused;
	board.more = true;
	run_environment();
	check_share(USER_TICKS);
}

static void
test_an_idle_hart_serves_its_devices_at_once(void **unused)
{
	(void)unused;
	board.more = true;
	hart_dispatch(&kernel.hart[0]);
	assert_true(board.device_ticks > END_TICKS);
	assert_int_equal(board.latest, 0);
}

/* --- breath --------------------------------------------------------------------------------- */
/* What is pending interrupts the environment, where it stands. */
static void
interrupt(void)
{
	struct hart *h = &kernel.hart[0];

	if (!host_pending()) {
		return;
	}
	if (hart_is_breathless(h, &env.arch)) {
		assert_ptr_equal(hart_breathe(h, &env.arch), &env.arch);
		return;
	}
	board.once = false;
	hart_interrupts(h);
	assert_ptr_equal(hart_dispatch(h), &env.arch);
}

/* A long call, or what is in its place. The kernel lets it go where it was. */
static void
call(void)
{
	struct hart *h = &kernel.hart[0];

	if (!board.once) {
		board.now += CALL_TICKS;
		h->entered = PC;
		return;
	}
	board.once = false;
	hart_gone_on(h);
	assert_ptr_equal(hart_dispatch(h), &env.arch);
	h->entered = HART_NOWHERE;
}

static void
test_it_goes_on_before_what_has_come_up(void **unused)
{
	struct hart *h = &kernel.hart[0];

	(void)unused;
	hart_ready(h, &env);
	hart_dispatch(h);
	assert_true(hart_is_breathless(h, &env.arch));
	interrupt();
	assert_int_equal(board.device_ticks, 0);
	assert_false(board.enabled);
	assert_true(board.once);
	assert_in_range(board.timer, board.now + 1, board.now + 10);
	call(); /* at once: the device has waited for it */
	assert_int_equal(board.device_ticks, TURN_TICKS);
	call();
	call();
	assert_int_equal(board.device_ticks, TURN_TICKS);
}

/* An environment that runs, but is always found at one place. */
static void
test_who_stands_still_keeps_no_device_waiting(void **unused)
{
	(void)unused;
	hart_ready(&kernel.hart[0], &env);
	hart_dispatch(&kernel.hart[0]);
	while (board.now < END_TICKS) {
		interrupt();
		board.now += USER_TICKS;
	}
	check_share(20);
}

/* No instruction between one and the next: each time the kernel lets it go something is pending. */
static void
test_who_does_nothing_but_long_calls_keeps_no_device_waiting(void **unused)
{
	(void)unused;
	hart_ready(&kernel.hart[0], &env);
	hart_dispatch(&kernel.hart[0]);
	while (board.now < END_TICKS) {
		call();
		interrupt();
	}
	check_share(2 * CALL_TICKS);
}

/* No instruction here either: each request ends the breath that follows the one before. */
static void
test_requests_without_end_keep_neither_device_nor_timer_waiting(void **unused)
{
	(void)unused;
	board.storms = true;
	asking[0].inbox_next = NULL;
	hart_ready(&kernel.hart[0], &env);
	hart_dispatch(&kernel.hart[0]);
	kernel.hart[0].poll_time = 0;
	while (board.now < END_TICKS) {
		interrupt();
		board.now++;
	}
	check_share(5 * ASK_TICKS);
	assert_true(board.polls);
}

/* Of each pause the requests of other harts have a part, however fast they come. */
static void
test_requests_without_end_leave_the_environment_its_time(void **unused)
{
	uint64_t user = 0;

	(void)unused;
	board.enabled = false;
	board.storms = true;
	board.asks_once = true;
	hart_ready(&kernel.hart[0], &env);
	hart_dispatch(&kernel.hart[0]);
	for (; board.now < END_TICKS; user++) {
		interrupt();
		board.now++;
	}
	assert_in_range(user * 100 / board.now, 45, 70);
	assert_in_range(board.taken, END_TICKS / 100 * 2, END_TICKS / 100 * 4);
}

/* However many there are, the environment runs in between. */
static void
test_requests_are_dealt_with_a_few_at_a_time(void **unused)
{
	struct hart *h = &kernel.hart[0];
	uint32_t turns = 0;

	(void)unused;
	board.enabled = false;
	hart_ready(h, &env);
	for (uint32_t i = 0; i < ASKING; i++) {
		asking[i].inbox_next = i ? &asking[i - 1] : NULL;
	}
	h->inbox = &asking[ASKING - 1];
	while (board.taken < ASKING && turns++ < ASKING) {
		uint32_t before = board.taken;

		hart_interrupts(h);
		hart_dispatch(h);
		assert_in_range(board.taken - before, 1, 8);
		assert_true(board.timer > board.now);
		assert_true(board.taken == ASKING || board.timer < board.now + END_TICKS / 10);
		board.now = board.timer;
	}
	assert_int_equal(board.taken, ASKING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_line_that_never_rests_gets_its_share, set_up),
		cmocka_unit_test_setup(test_requests_are_dealt_with_a_few_at_a_time, set_up),
		cmocka_unit_test_setup(test_requests_without_end_leave_the_environment_its_time,
				       set_up),
		cmocka_unit_test_setup(test_a_device_with_more_to_do_gets_its_share, set_up),
		cmocka_unit_test_setup(test_it_goes_on_before_what_has_come_up, set_up),
		cmocka_unit_test_setup(test_who_stands_still_keeps_no_device_waiting, set_up),
		cmocka_unit_test_setup(test_who_does_nothing_but_long_calls_keeps_no_device_waiting,
				       set_up),
		cmocka_unit_test_setup(
			test_requests_without_end_keep_neither_device_nor_timer_waiting, set_up),
		cmocka_unit_test_setup(test_an_idle_hart_serves_its_devices_at_once, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
