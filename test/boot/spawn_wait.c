/* SPDX-License-Identifier: MIT
 * spawn_wait.c: a parent starts several children, gets the exit status of each in whatever order
 * they end, tells apart who was killed, and starts others in their place.
 *
 * boot: init SMP=1
 * boot: init SMP=2
 */
#include <stdlib.h>

#include "test/boot/kin.h"
#include "test/boot/tap.h"

#define CHILDREN 6
#define BIT_END  16 /* of child 0; the others follow */
#define MS       1000000ul
#define SECOND   EXO_NS_PER_S

/* The shared page: the order in which they shall end. */
struct board {
	volatile uint64_t turn;
};

static const uint64_t order[CHILDREN] = {3, 0, 5, 1, 4, 2};

/* "2": ends with status 102 when it is its turn; "x": by a fault; "s": not by itself. */
static int
child_main(const char *what)
{
	struct board *b = kin_shared();
	uint64_t number = strtoul(what, NULL, 10);

	if (what[0] == 'x') {
		return *(volatile int *)0x123000;
	}
	while (what[0] == 's' || !b || b->turn != number) {
		exo_pause(MS);
	}
	return 100 + (int)number;
}

/* --- wait, as a library does it -----------------------------------------------------------------
 */
static struct exo_child children[CHILDREN];
static uint64_t alive; /* a bit for each */

static bool
start(uint32_t number, const char *what)
{
	alive |= 1ul << number;
	return kin_start(&children[number], what, number % exo_sysinfo()->harts, 0,
			 BIT_END + number) == 0;
}

/* Waits for a child to end, of those in `which`: its number, *status as a shell has it; -1: there
 * is none, or none in time. */
static int
wait_for(uint64_t which, uint64_t timeout_ns, int *status)
{
	uint64_t bits = exo_wait((which & alive) << BIT_END, timeout_ns) >> BIT_END;
	struct exo_context c = {.state = EXO_STATE_READY};
	int number;

	if (!bits) {
		return -1;
	}
	number = __builtin_ctzl(bits);
	for (uint64_t others = bits & (bits - 1); others; others &= others - 1) {
		exo_signal(exo_own_env(), EXO_EVENT(BIT_END + (unsigned)__builtin_ctzl(others)));
	}
	exo_env_read(children[number].env, &c);
	*status = c.death.kind == EXO_DEATH_EXIT ? (int)c.death.cause : 128 + (int)c.death.kind;
	alive &= ~(1ul << number);
	kin_end(&children[number]);
	return number;
}

#define ANY     (~0ul >> BIT_END)
#define NO_HANG 0

/* --- what is tested -----------------------------------------------------------------------------
 */
static unsigned
start_all(void)
{
	unsigned right = 0;

	for (uint32_t i = 0; i < CHILDREN; i++) {
		const char name[2] = {(char)('0' + i), 0};

		right += start(i, name);
	}
	return right;
}

static void
check_order(struct board *b)
{
	unsigned right = 0;
	int status;

	b->turn = UINT64_MAX;
	tap_is(start_all(), CHILDREN, "six children");
	exo_pause(5 * MS);
	tap_is(wait_for(ANY, NO_HANG, &status), -1, "nobody has ended");
	for (uint32_t i = 0; i < CHILDREN; i++) {
		b->turn = order[i];
		right += wait_for(ANY, 5 * SECOND, &status) == (int)order[i] &&
			 status == 100 + (int)order[i];
	}
	tap_is(right, CHILDREN, "each status comes from the one that ended");
	tap_is(wait_for(ANY, SECOND, &status), -1, "there is no child any more");
}

/* All end before the parent looks. */
static void
check_zombies(struct board *b)
{
	unsigned right = 0;
	int status;

	start_all();
	for (uint64_t i = 0; i < CHILDREN; i++) {
		b->turn = i;
		while (!(exo_wait(EXO_EVENT(BIT_END + i), 5 * SECOND))) {
		}
		exo_signal(exo_own_env(), EXO_EVENT(BIT_END + i));
	}
	tap_ok(wait_for(1ul << 4, SECOND, &status) == 4 && status == 104, "one that is chosen");
	for (int i = 0; i < CHILDREN - 1; i++) {
		int number = wait_for(ANY, SECOND, &status);

		right += number >= 0 && status == 100 + number;
	}
	tap_is(right, CHILDREN - 1, "and all others, though they ended before");
}

static void
check_killed(void)
{
	int status = 0;

	start(0, "x");
	start(1, "s");
	tap_ok(wait_for(ANY, 5 * SECOND, &status) == 0 && status == 128 + EXO_DEATH_FAULT,
	       "one that faults");
	tap_is(wait_for(ANY, NO_HANG, &status), -1, "the other one goes on");
	tap_is(exo_revoke(children[1].space, 0, 0), 0, "its space is taken away from it");
	exo_drop(children[1].space, 0, 0);
	tap_ok(wait_for(ANY, 5 * SECOND, &status) == 1 && status == 128 + EXO_DEATH_STOP,
	       "so it ends, and the status says so");
}

static void
check_again(struct board *b)
{
	int64_t slot;
	unsigned right = 0;
	int status;

	slot = exo_slot_take();
	exo_slot_free((uint32_t)slot);
	b->turn = 2;
	for (int i = 0; i < 20; i++) {
		right += start(2, "2") && wait_for(1ul << 2, 5 * SECOND, &status) == 2 &&
			 status == 102;
	}
	tap_is(right, 20, "twenty more, one after the other");
	tap_is(exo_slot_take(), slot, "leave nothing");
}

int
main(int argc, char **argv)
{
	if (!exo_boot()) {
		return argc == 2 ? child_main(argv[1]) : 1;
	}
	tap_plan(13);
	tap_is(kin_open(1), 0, "the program finds itself");
	check_order(kin.shared.memory);
	check_zombies(kin.shared.memory);
	check_killed();
	check_again(kin.shared.memory);
	return tap_end();
}
