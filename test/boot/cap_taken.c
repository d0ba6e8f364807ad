/* SPDX-License-Identifier: MIT
 * cap_taken.c: what a holder reads in its u-area: eight asks and no ninth, thirty-two losses and
 * then the overflow flag.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define EVENT_ASK 62
#define LOSSES    (EXO_REPOSSESSIONS + 3)

static exo_handle pool;
static uint64_t first;
static uint32_t slots[LOSSES];
static volatile struct exo_uarea *u;

/* Page i of the pool, in slot i of `slots`. */
static exo_handle
part_make(uint32_t i)
{
	return (exo_handle)exo_carve(pool, slots[i], first + i, 1, EXO_READ, 0);
}

static bool
ask_is(uint32_t i, exo_handle handle, uint64_t deadline)
{
	return u->asks[i].handle == handle && u->asks[i].start == first && u->asks[i].count == 1 &&
	       u->asks[i].deadline == deadline;
}

static void
check_asks(void)
{
	exo_handle part = part_make(0);
	uint32_t right = 0;

	exo_sleep(1ul << EVENT_ASK, 0);
	for (uint64_t i = 0; i < EXO_ASKS; i++) {
		right += exo_ask(pool, first, 1, 1000 + i) == 0 &&
			 exo_sleep(1ul << EVENT_ASK, 0) == 1l << EVENT_ASK;
	}
	tap_is(right, EXO_ASKS, "eight asks are posted, each with an event");
	tap_is(exo_ask(pool, first, 1, 2000), E_BUSY, "a ninth is refused");
	tap_is(exo_sleep(1ul << EVENT_ASK, 0), 0, "without an event");
	right = 0;
	for (uint32_t i = 0; i < EXO_ASKS; i++) {
		right += ask_is(i, part, 1000 + i);
	}
	tap_is(right, EXO_ASKS, "the records say what was asked, and by when");
	u->asks[5].handle = 0;
	tap_is(exo_ask(pool, first, 1, 3000), 0, "one that was answered is used again");
	tap_ok(ask_is(5, part, 3000) && ask_is(4, part, 1004) && ask_is(6, part, 1006),
	       "and no other");
	tap_is(exo_ask(pool, first, 1, 4000), E_BUSY, "then there is none left");
	tap_is(exo_ask(pool, first + 1, 1, 0), E_NOENT, "what nobody holds is asked of nobody");
	exo_drop(part, 0, 0);
}

static bool
loss_is(uint32_t at, exo_handle handle, uint32_t i)
{
	return u->repossessions[at].handle == handle && u->repossessions[at].start == first + i &&
	       u->repossessions[at].count == 1;
}

/* Each part is taken by itself, so the order is known. */
static void
check_losses(void)
{
	exo_handle part[LOSSES];
	uint32_t right = 0;
	uint32_t i = 0;

	u->repossessed = 0;
	u->repossessed_overflow = 0;
	for (; i < EXO_REPOSSESSIONS; i++) {
		part[i] = part_make(i);
		right += exo_revoke(pool, first + i, 1) == 0 && u->repossessed == i + 1 &&
			 !u->repossessed_overflow;
	}
	tap_is(right, EXO_REPOSSESSIONS, "thirty-two losses are counted");
	for (right = 0, i = 0; i < EXO_REPOSSESSIONS; i++) {
		right += loss_is(i, part[i], i);
	}
	tap_is(right, EXO_REPOSSESSIONS, "the vector names them in order");
	for (right = 0; i < LOSSES; i++) {
		part[i] = part_make(i);
		right += exo_revoke(pool, first + i, 1) == 0 && u->repossessed_overflow &&
			 u->repossessed == EXO_REPOSSESSIONS;
	}
	tap_is(right, LOSSES - EXO_REPOSSESSIONS, "further ones are an overflow");
	tap_ok(loss_is(0, part[0], 0) &&
		       loss_is(EXO_REPOSSESSIONS - 1, part[EXO_REPOSSESSIONS - 1],
			       EXO_REPOSSESSIONS - 1) &&
		       !u->reserved2[0],
	       "which is written over nothing");
	u->repossessed = 0;
	part[7] = part_make(7);
	exo_revoke(pool, 0, 0);
	tap_ok(u->repossessed == 1 && loss_is(0, part[7], 7), "a vector that was read fills again");
	tap_ok(u->repossessed_overflow != 0, "and the flag is the library's to clear");
	exo_drop(part_make(0), 0, 0);
	tap_is((int64_t)u->repossessed, 1, "what a holder drops itself is no loss");
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(8 + 7);
	u = (volatile struct exo_uarea *)exo_start()->uarea;
	exo_frames_carve(exo_own_frames(), LOSSES, 1, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	for (uint32_t i = 0; i < LOSSES; i++) {
		slots[i] = free_slot();
	}
	check_asks();
	check_losses();
	return tap_end();
}
