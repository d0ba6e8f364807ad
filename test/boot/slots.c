/* SPDX-License-Identifier: MIT
 * slots.c: positions of a timeline are bound to environments, which run there and nowhere else;
 * what is left goes round among those who take slack; unbinding, revoking and dying give positions
 * back.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "test/boot/hostile.h"

#define MS       1000000ul
#define POSITION 64

struct runner {
	struct hostile_thread thread;
	volatile uint64_t seen[POSITION]; /* looks at the clock, by position */
};

static struct runner bound;
static struct runner second;
static struct runner taker;

static uint64_t
position_now(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (exo_ticks() - s->timeline_epoch) / s->slot_ticks % s->timeline_slots;
}

static void
look_body(uint64_t argument)
{
	struct runner *r = (struct runner *)argument;

	for (;;) {
		r->seen[position_now() % POSITION]++;
	}
}

static uint64_t
total(const struct runner *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < POSITION; i++) {
		sum += r->seen[i];
	}
	return sum;
}

static uint64_t
within(const struct runner *r, uint32_t first, uint32_t end)
{
	uint64_t sum = 0;

	for (uint32_t i = first; i < end; i++) {
		sum += r->seen[i];
	}
	return sum;
}

static void
forget(struct runner *r)
{
	for (uint32_t i = 0; i < POSITION; i++) {
		r->seen[i] = 0;
	}
}

/* An environment that looks at the clock; with EXO_ENV_BOUND it takes no slack. */
static void
runner_make(struct runner *r, uint64_t flags)
{
	struct exo_launch l = {.space = exo_start()->space,
			       .cspace = exo_start()->cspace,
			       .pc = (uint64_t)look_body,
			       .arguments = {(uint64_t)r}};
	static uint32_t made;
	uint64_t uarea = THREAD_UAREAS + (100 + made++) * EXO_PAGE_SIZE;

	exo_pages_make(&r->thread.stack, THREAD_STACK_PAGES);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, flags << 8, uarea, &r->thread.env,
			  &r->thread.memory);
	exo_vm_map_at(exo_own_vm(), uarea, r->thread.env, 0, 1, EXO_READ | EXO_WRITE);
	l.sp = (uint64_t)r->thread.stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE;
	__asm__("mv %0, tp" : "=r"(l.tp));
	exo_env_launch(r->thread.env, &l);
}

static void
check_bound(exo_handle slots)
{
	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, slots, 0), 0, "eight positions are bound");
	exo_pause(20 * MS);
	forget(&bound);
	exo_pause(48 * MS);
	tap_ok(total(&bound) > 1000, "it runs there: %lu looks", (unsigned long)total(&bound));
	tap_ok(within(&bound, 8, 16) * 100 >= total(&bound) * 99, "and nowhere else: %lu of %lu",
	       (unsigned long)within(&bound, 8, 16), (unsigned long)total(&bound));
	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, slots, 0), E_BUSY, "once only");
}

/* A second owner, and one that takes what is left. */
static void
check_three(exo_handle more)
{
	uint64_t a, b, c;

	runner_make(&second, EXO_ENV_BOUND);
	runner_make(&taker, 0);
	tap_is(exo_bind(EXO_BIND_SLOT, second.thread.env, more, EXO_SLOT_QUIET), 0,
	       "sixteen others are another's");
	exo_pause(40 * MS);
	forget(&bound);
	forget(&second);
	forget(&taker);
	exo_pause(256 * MS);
	a = total(&bound);
	b = total(&second);
	c = total(&taker);
	tap_ok(b > a * 17 / 10 && b < a * 23 / 10 && c > a * 4 && c < a * 6,
	       "each has its share: %lu %lu %lu", (unsigned long)a, (unsigned long)b,
	       (unsigned long)c);
	tap_ok(within(&second, 32, 48) * 100 >= b * 99 && within(&taker, 8, 16) * 100 <= c &&
		       within(&taker, 32, 48) * 100 <= c,
	       "in its own positions");
}

static void
check_refused(void)
{
	struct exo_context c;
	exo_handle free = hostile_positions(60, 1);
	int64_t weak = exo_share(free, free_slot(), 60, 1, 0, 0);

	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, (exo_handle)weak, 0), E_RIGHTS,
	       "without the right");
	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, free, 2), E_INVAL, "with an unknown flag");
	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, exo_start()->space, 0), E_TYPE,
	       "what is no slot");
	tap_is(exo_unbind(EXO_BIND_SLOT, free), E_STATE, "what is not bound");
	exo_env_read(bound.thread.env, &c);
	tap_ok(c.flags == EXO_ENV_BOUND, "it takes no slack, its context says");
	exo_drop((exo_handle)weak, 0, 0);
	exo_drop(free, 0, 0);
}

static void
check_back(exo_handle slots, exo_handle more)
{
	tap_is(exo_unbind(EXO_BIND_SLOT, slots), 0, "unbound");
	exo_pause(20 * MS);
	forget(&bound);
	exo_pause(34 * MS);
	tap_is((int64_t)total(&bound), 0, "it runs no more");
	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, slots, 0), 0, "bound again");
	tap_is(exo_revoke(exo_boot()->timelines[0], 8, 8), 0, "revoked");
	exo_pause(20 * MS);
	forget(&bound);
	exo_pause(34 * MS);
	tap_is((int64_t)total(&bound), 0, "so it runs no more");
	hostile_thread_end(&second.thread);
	slots = hostile_positions(40, 1);
	tap_is(slots == EXO_NONE, true, "what a dead one had is still carved");
	tap_is(exo_bind(EXO_BIND_SLOT, bound.thread.env, more, 0), 0, "but free to be bound");
	exo_pause(34 * MS);
	tap_ok(within(&bound, 32, 48) > 0, "to the next one");
}

/* Nearly the whole timeline, again and again, whatever comes between: the hart follows bit by bit,
 * and one that moves away is waited for. */
static void
check_whole(void)
{
	const uint64_t count = exo_sysinfo()->timeline_slots - 8; /* which are left for this one */
	uint64_t failed = 0;
	exo_handle all;

	exo_revoke(exo_boot()->timelines[0], 0, 0);
	all = hostile_positions(0, count);
	for (int i = 0; i < 50; i++) {
		failed += exo_bind(EXO_BIND_SLOT, taker.thread.env, all, 0) != 0;
		exo_pause((uint64_t)(i % 7) * MS / 10);
		failed += exo_unbind(EXO_BIND_SLOT, all) != 0;
		exo_pause((uint64_t)(i % 5) * MS / 100);
	}
	tap_is((int64_t)failed, 0, "56 positions are bound and unbound");
	exo_bind(EXO_BIND_SLOT, taker.thread.env, all, 0);
	exo_pause(MS);
	exo_env_stop(taker.thread.env);
	tap_is(exo_unbind(EXO_BIND_SLOT, all), 0, "and once more");
	tap_is(exo_env_home(taker.thread.env, 0), 0, "who has lost them all can move at once");
	exo_env_start(taker.thread.env);
}

int
main(void)
{
	exo_handle slots = hostile_positions(8, 8);
	exo_handle more = hostile_positions(32, 16);

	tap_plan(24);
	runner_make(&bound, EXO_ENV_BOUND);
	exo_pause(20 * MS);
	tap_is((int64_t)total(&bound), 0, "without slots and slack it does not run");
	check_bound(slots);
	check_three(more);
	check_refused();
	check_back(slots, more);
	check_whole();
	hostile_thread_end(&bound.thread);
	hostile_thread_end(&taker.thread);
	return tap_end();
}
