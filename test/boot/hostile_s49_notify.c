/* SPDX-License-Identifier: MIT
 * hostile_s49_notify.c: S49: while turns are passed on by short ways, what the kernel keeps of
 * states and turns is behind; nobody gains by it. Who was woken by one and signals itself is woken
 * once.
 *
 * boot: init SMP=1
 */
#include "test/boot/serve.h"

#define TOKEN   (1ul << 4)
#define OWN     (1ul << 6)
#define FOREVER UINT64_MAX
#define ROUNDS  50

static struct hostile_thread waker, woken;
static volatile uint64_t rounds, strays;
static volatile bool over;

/* The upcall goes back at once: -18 is resume. */
void s49_upcall(void);
__asm__(".text\n.globl s49_upcall\ns49_upcall:\nli a7, -18\necall\nj s49_upcall\n");

/* --- twice awake ---------------------------------------------------------------------------- */
static void
waker_body(uint64_t argument)
{
	(void)argument;
	exo_sleep(TOKEN, FOREVER);
	for (;;) {
		exo_yield(EXO_NONE); /* so that the kernel has seen whose turn it is */
		exo_notify(woken.env, TOKEN, TOKEN, FOREVER);
	}
}

/* Woken by the short way, so that the kernel takes it for one that sleeps, it asks for upcalls and
 * raises one for itself. */
static void
woken_body(uint64_t argument)
{
	(void)argument;
	for (; rounds < ROUNDS; rounds++) {
		exo_notify(waker.env, TOKEN, TOKEN, FOREVER); /* the long way: it had upcalls */
		exo_notify(waker.env, TOKEN, TOKEN, FOREVER);
		exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, (uint64_t)s49_upcall, OWN);
		exo_signal(woken.env, OWN);
		exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, 0, 0);
	}
	over = true;
	exo_sleep(OWN, FOREVER);
	for (;;) {
		strays++;
	}
}

static void
check_woken_twice(void)
{
	hostile_thread_create(&waker, 0, waker_body, 0);
	hostile_thread_create(&woken, 0, woken_body, 0);
	exo_env_start(waker.env);
	exo_pause(MS);
	exo_env_start(woken.env);
	for (int i = 0; i < 1000 && !over; i++) {
		exo_pause(MS);
	}
	tap_is((int64_t)rounds, ROUNDS, "who looks asleep and wakes itself goes on");
	exo_pause(20 * MS);
	tap_is((int64_t)strays, 0, "and sleeps when it wants to");
	tap_is(hostile_thread_end(&woken), 0, "it ends");
	tap_is(hostile_thread_end(&waker), 0, "and so does the other one");
}

int
main(void)
{
	tap_plan(4);
	check_woken_twice();
	return tap_end();
}
