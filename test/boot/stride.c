/* SPDX-License-Identifier: MIT
 * stride.c: a scheduler that is a program: it owns every second slot of the hart and gives each of
 * them away, by tickets 3:2:1. Its clients own nothing; the kernel knows no tickets.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "lib/exo/stride.h"
#include "test/boot/kin.h"
#include "test/boot/tap.h"

#define CLIENTS 3
#define TURNS   600
#define MS      1000000ul
#define BIT_END 8 /* of client 0; the others follow */

static const uint32_t tickets[CLIENTS] = {3, 2, 1};

/* The shared page: what each has done. */
struct board {
	struct work {
		volatile uint64_t done;
		volatile uint64_t naps; /* it shall sleep at the end of a step */
	} work[CLIENTS];
};

static struct exo_child child[CLIENTS];
static struct exo_stride client[CLIENTS];
static uint64_t turns[CLIENTS];
static uint64_t done_before[CLIENTS];

static _Noreturn void
child_main(const char *what)
{
	struct board *b = kin_shared();
	struct work *mine = &b->work[what[0] - '0'];

	for (;;) {
		mine->done++;
		if (mine->naps) {
			exo_pause(MS);
		}
	}
}

/* The turn of one client: the rest of this slot. It comes back at the next slot, or before if the
 * client sleeps; false: it does, and the turn is free. */
static bool
turn_give(uint32_t which)
{
	uint64_t begin = exo_ticks();
	bool is_taken = exo_yield(child[which].env) == 0;

	if (is_taken) {
		exo_stride_charge(&client[which], exo_ticks() - begin);
		turns[which]++;
	}
	return is_taken;
}

/* Whoever slept may be awake again. */
static void
all_ready(void)
{
	for (uint32_t i = 0; i < CLIENTS; i++) {
		if (!client[i].is_ready) {
			exo_stride_ready(client, CLIENTS, i);
		}
	}
}

static void
schedule(uint32_t count)
{
	while (count > 0) {
		uint32_t next = exo_stride_next(client, CLIENTS);

		if (next == CLIENTS) {
			exo_pause(MS);
			all_ready();
		} else if (turn_give(next)) {
			all_ready();
			count--;
		} else {
			client[next].is_ready = false;
		}
	}
}

static int
own_slots(void)
{
	int64_t result = 0;

	for (uint64_t i = 0; i < exo_sysinfo()->timeline_slots && result >= 0; i += 2) {
		result = exo_carve(exo_boot()->timelines[0], (uint32_t)exo_slot_take(), i, 1,
				   EXO_SLOT_BIND, 0);
		if (result >= 0) {
			result = exo_bind(EXO_BIND_SLOT, exo_start()->env, (exo_handle)result, 0);
		}
	}
	return result < 0 ? (int)result : 0;
}

static unsigned
start_clients(void)
{
	unsigned right = 0;

	for (uint32_t i = 0; i < CLIENTS; i++) {
		const char name[2] = {(char)('0' + i), 0};

		right += kin_start(&child[i], name, 0, EXO_ENV_BOUND, BIT_END + i) == 0;
		client[i] = exo_stride_client(tickets[i]);
		exo_stride_ready(client, i + 1, i);
	}
	return right;
}

/* Within 1 % of `share` of `whole`. */
static bool
is_share(uint64_t part, uint64_t whole, uint64_t share, uint64_t shares)
{
	return part * shares * 100 >= whole * share * 99 &&
	       part * shares * 100 <= whole * share * 101;
}

/* Counting begins anew. (A client may be in the middle of counting: the page is left alone.) */
static void
forget(const struct board *b)
{
	for (uint32_t i = 0; i < CLIENTS; i++) {
		turns[i] = 0;
		done_before[i] = b->work[i].done;
	}
}

static uint64_t
done_by(const struct board *b, uint32_t which)
{
	return b->work[which].done - done_before[which];
}

static void
check_shares(const struct board *b)
{
	uint64_t done = 0;
	uint32_t right = 0;

	schedule(12); /* all have started up */
	forget(b);
	schedule(TURNS);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		done += done_by(b, i);
	}
	tap_ok(turns[0] == 300 && turns[1] == 200 && turns[2] == 100,
	       "600 turns go 3:2:1: %lu %lu %lu", (unsigned long)turns[0], (unsigned long)turns[1],
	       (unsigned long)turns[2]);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		right += is_share(done_by(b, i), done, tickets[i], 6);
	}
	tap_ok(right == CLIENTS, "and so does what is done in them, to 1 %%: %lu %lu %lu",
	       (unsigned long)done_by(b, 0), (unsigned long)done_by(b, 1),
	       (unsigned long)done_by(b, 2));
}

/* The first one sleeps most of the time: what it leaves goes to the others, 2:1. */
static void
check_sleeper(struct board *b)
{
	uint64_t others;

	b->work[0].naps = 1;
	schedule(6);
	forget(b);
	schedule(TURNS);
	others = done_by(b, 1) + done_by(b, 2);
	tap_ok(done_by(b, 0) > 0 && done_by(b, 0) < TURNS, "one that naps does little: %lu",
	       (unsigned long)done_by(b, 0));
	tap_ok(is_share(done_by(b, 1), others, 2, 3), "the others share the rest 2:1: %lu %lu",
	       (unsigned long)done_by(b, 1), (unsigned long)done_by(b, 2));
}

static void
check_nothing_else(const struct board *b)
{
	forget(b);
	exo_pause(20 * MS);
	tap_is((int64_t)(done_by(b, 1) + done_by(b, 2)), 0,
	       "without turns they do nothing: they have no time of their own");
}

int
main(int argc, char **argv)
{
	if (!exo_boot()) {
		child_main(argc == 2 ? argv[1] : "0");
	}
	tap_plan(8);
	tap_is(kin_open(1), 0, "the program finds itself");
	tap_is(start_clients(), CLIENTS, "three clients");
	tap_is(own_slots(), 0, "half of the hart's time is the scheduler's");
	check_shares(kin.shared.memory);
	check_sleeper(kin.shared.memory);
	check_nothing_else(kin.shared.memory);
	return tap_end();
}
