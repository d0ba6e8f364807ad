/* SPDX-License-Identifier: MIT
 * hostile_s52_slots.c: S52: nobody's slot begins late for others' naps and gifts, and nobody runs
 * on in what was given once it is taken or was slack: what the timeline decides is decided again
 * whenever that changes.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "test/boot/serve.h"

#define TOKEN   (1ul << 4)
#define FOREVER UINT64_MAX
#define BOUND   ((uint64_t)EXO_ENV_BOUND << 8)

static volatile uint64_t spins, naps, latest;

static void
spinning_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		spins++;
	}
}

/* Slots since the timeline began. */
static uint64_t
slot_at(uint64_t ticks)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (ticks - s->timeline_epoch) / s->slot_ticks;
}

/* --- one runs alone ------------------------------------------------------------------------- */
/* When the next slot of this position will be so old. */
static uint64_t
next_at(uint64_t position, uint64_t tenths)
{
	const struct exo_sysinfo *s = exo_sysinfo();
	uint64_t round = s->slot_ticks * s->timeline_slots;
	uint64_t now = exo_ticks();
	uint64_t at = now - (now - s->timeline_epoch) % round + position * s->slot_ticks +
		      s->slot_ticks * tenths / 10;

	return at > now ? at : at + round;
}

/* Wakes in a slot that is another's, then waits for its own, which is four slots later. */
static void
napping_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		uint64_t wake = next_at(2, 7);

		exo_sleep(0, wake);
		latest = exo_ticks() - wake > latest ? exo_ticks() - wake : latest;
		naps++;
	}
}

/* In the slot in which the owner wakes, something has been looked at before. */
static void
check_alone(void)
{
	exo_handle near = hostile_positions(6, 1), far = hostile_positions(60, 1);
	struct hostile_thread spinner, owner, other;

	hostile_thread_create(&spinner, 0, spinning_body, 0);
	hostile_thread_create(&other, BOUND, spinning_body, 0);
	hostile_thread_create(&owner, BOUND, napping_body, 0);
	exo_bind(EXO_BIND_SLOT, owner.env, near, 0);
	exo_bind(EXO_BIND_SLOT, other.env, far, 0);
	exo_env_start(spinner.env);
	exo_env_start(owner.env);
	exo_env_start(other.env);
	for (int i = 0; i < 20; i++) {
		exo_sleep(0, next_at(2, 3));
	}
	tap_ok(naps > 15 && latest < 5 * exo_sysinfo()->slot_ticks,
	       "an owner that wakes while one runs alone has its next slot: %lu naps, %lu slots",
	       (unsigned long)naps, (unsigned long)(latest / exo_sysinfo()->slot_ticks));
	hostile_thread_end(&owner);
	hostile_thread_end(&other);
	hostile_thread_end(&spinner);
	exo_drop(near, 0, 0);
	exo_drop(far, 0, 0);
}

/* --- slots that were taken ------------------------------------------------------------------ */
static struct hostile_thread giver, taker;
static exo_handle given;
static volatile uint64_t stretch; /* from then to its last look, in ticks */

/* At the begin of its slice. */
static void
giving_body(uint64_t by_notice)
{
	uint64_t slots = exo_sysinfo()->timeline_slots, round;

	if (!by_notice) {
		exo_yield(taker.env);
	} else {
		exo_notify(taker.env, TOKEN, TOKEN, FOREVER); /* the long way */
		round = slot_at(exo_ticks()) / slots;
		while (slot_at(exo_ticks()) / slots == round) {
		}
		exo_notify(taker.env, TOKEN, TOKEN, FOREVER);
	}
	exo_sleep(0, FOREVER);
}

/* Whose rest it has been given, of that slice it takes the slots from the other one. */
static void
taking_body(uint64_t by_notice)
{
	uint64_t begin;

	if (by_notice) {
		exo_notify(giver.env, 0, TOKEN, FOREVER); /* there is one already */
		exo_notify(giver.env, TOKEN, TOKEN, FOREVER);
	}
	begin = exo_ticks();
	exo_unbind(EXO_BIND_SLOT, given);
	for (;;) {
		stretch = exo_ticks() - begin;
	}
}

static void
check_taken(uint64_t by_notice)
{
	stretch = 0;
	given = hostile_positions(8, 12);
	hostile_thread_create(&giver, BOUND, giving_body, by_notice);
	hostile_thread_create(&taker, BOUND, taking_body, by_notice);
	exo_bind(EXO_BIND_SLOT, giver.env, given, 0);
	exo_env_start(taker.env);
	exo_env_start(giver.env);
	exo_pause(60 * MS);
	tap_ok(stretch < exo_sysinfo()->slot_ticks && exo_unbind(EXO_BIND_SLOT, given) == E_STATE,
	       "what was given by %s ends when it is taken: %lu slots later",
	       by_notice ? "a notice" : "a yield",
	       (unsigned long)(stretch / exo_sysinfo()->slot_ticks));
	hostile_thread_end(&giver);
	hostile_thread_end(&taker);
	exo_drop(given, 0, 0);
}

/* --- slack by a notice ---------------------------------------------------------------------- */
static struct hostile_thread rich, poor;

static void
rich_body(uint64_t argument)
{
	uint64_t begin;

	(void)argument;
	exo_notify(poor.env, TOKEN, TOKEN, FOREVER);
	begin = slot_at(exo_ticks());
	while (slot_at(exo_ticks()) < begin + 3) { /* it is alone */
	}
	exo_notify(poor.env, TOKEN, TOKEN, FOREVER);
}

static void
poor_body(uint64_t argument)
{
	uint64_t begin;

	(void)argument;
	exo_notify(rich.env, 0, TOKEN, FOREVER); /* there is one already */
	exo_notify(rich.env, TOKEN, TOKEN, FOREVER);
	begin = exo_ticks();
	for (;;) {
		stretch = exo_ticks() - begin;
	}
}

static void
check_slack(void)
{
	stretch = 0;
	hostile_thread_create(&rich, 0, rich_body, 0);
	hostile_thread_create(&poor, BOUND, poor_body, 0);
	exo_env_start(poor.env);
	exo_env_start(rich.env);
	exo_pause(50 * MS);
	tap_ok(stretch > 0 && stretch <= exo_sysinfo()->slot_ticks,
	       "who takes no slack gets the rest of a slot by a notice: %lu slots",
	       (unsigned long)(stretch / exo_sysinfo()->slot_ticks));
	hostile_thread_end(&rich);
	hostile_thread_end(&poor);
}

/* --- told no longer ------------------------------------------------------------------------- */
void s52_upcall(void);
__asm__(".text\n.globl s52_upcall\ns52_upcall:\nli a7, -18\necall\nj s52_upcall\n");

static struct hostile_thread fickle;
static volatile uint64_t slices;

/* In the middle of a slice of its own it no longer wants to hear of the end. */
static void
fickle_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		uint64_t slot;

		exo_env_entry(EXO_NONE, EXO_ENTRY_END, (uint64_t)s52_upcall, 0);
		exo_yield(EXO_NONE);
		exo_env_entry(EXO_NONE, EXO_ENTRY_END, 0, 0);
		slot = slot_at(exo_ticks());
		while (slot_at(exo_ticks()) == slot) {
		}
		slices++;
		exo_yield(EXO_NONE);
	}
}

static void
check_told(void)
{
	exo_handle slots = hostile_positions(8, 1);
	struct exo_context c;

	hostile_thread_create(&fickle, BOUND, fickle_body, 0);
	exo_bind(EXO_BIND_SLOT, fickle.env, slots, 0);
	exo_env_start(fickle.env);
	exo_pause(100 * MS);
	exo_env_read(fickle.env, &c);
	tap_ok(c.state == EXO_STATE_READY && slices > 1,
	       "who no longer wants to be told of the end is not: state %u, pc 0x%lx", c.state,
	       (unsigned long)c.death.pc);
	hostile_thread_end(&fickle);
}

int
main(void)
{
	tap_plan(5);
	check_alone();
	check_taken(0);
	check_taken(1);
	check_slack();
	check_told();
	return tap_end();
}
