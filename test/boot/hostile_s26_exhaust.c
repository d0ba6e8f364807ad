/* SPDX-License-Identifier: MIT
 * hostile_s26_exhaust.c: S26: who uses up all it has of something gets an error; nobody else has
 * less for it, and everything comes back.
 *
 * boot: init SMP=1 MEM=64M NET=user
 */
#include <exo/atom.h>
#include "test/boot/hostile.h"

#define DEPTH_MAX 40

static exo_handle own; /* what another one has, and must still be able to use */
static uint64_t own_page;

/* Can one who takes no part still map, carve, share and drop? */
static bool
others_go_on(void)
{
	uint32_t slot = exo_start()->slots - 1, next = exo_start()->slots - 2;
	int64_t part = exo_carve(own, slot, own_page, 1, EXO_READ | EXO_WRITE, 0);
	int64_t share = exo_share((exo_handle)part, next, own_page, 1, EXO_READ, 0);

	return part > 0 && share > 0 && exo_drop((exo_handle)part, 0, 0) == 0;
}

static void
check_slots(exo_handle pool, uint64_t first, uint64_t pages)
{
	uint64_t made = 0;
	int64_t result = 0;
	uint32_t slot = exo_start()->first_free_slot + 200;
	uint32_t last = exo_start()->slots - 8;

	for (; slot < last && made < pages; slot++, made += result >= 0) {
		result = exo_carve(pool, slot, first + made, 1, EXO_READ | EXO_WRITE, 0);
	}
	tap_ok(made > 100, "%lu pages are carved one by one", (unsigned long)made);
	tap_is(exo_carve(pool, slot - 1, first + pages - 1, 1, EXO_READ, 0), E_SLOT,
	       "a full slot takes no more");
	tap_is(exo_carve(pool, EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF - 1, first, 1, EXO_READ, 0),
	       E_SLOT, "nor does a leaf that is not there");
	tap_ok(others_go_on(), "others go on");
	tap_is(exo_revoke(pool, 0, 0), 0, "all of it comes back");
}

static void
check_depth(exo_handle pool, uint64_t first)
{
	exo_handle chain[DEPTH_MAX];
	int64_t result = (int64_t)pool;
	uint32_t depth = 0;

	while (depth < DEPTH_MAX && result > 0) {
		chain[depth] = (exo_handle)result;
		result = exo_share(chain[depth++], free_slot(), first, 1, EXO_READ, 0);
	}
	tap_is(result, E_DEPTH, "a chain ends");
	tap_ok(depth > 16 && depth <= 33, "after %u", depth);
	tap_ok(others_go_on(), "others go on");
	tap_is(exo_revoke(pool, 0, 0), 0, "it goes at once");
	tap_is(exo_drop(chain[depth - 1], 0, 0), E_HANDLE, "to its end");
}

/* Environments and spaces out of all the pages of a pool. */
static void
check_objects(exo_handle pool, uint64_t first, uint64_t pages)
{
	uint32_t slot = exo_start()->first_free_slot + 200, made = 0;
	uint64_t page = first + (first & 1);

	for (; page + 2 <= first + pages && slot + 10 < exo_start()->slots; page += 2, slot += 2) {
		int64_t pair = exo_carve(pool, slot, page, 2, EXO_READ | EXO_WRITE, 0);

		made += exo_create(page & 2 ? EXO_CAP_ENV : EXO_CAP_SPACE, (exo_handle)pair,
				   slot + 1, 0, page & 2 ? THREAD_UAREAS : 0) > 0;
	}
	tap_ok(made > 50, "%u objects", made);
	tap_ok(others_go_on(), "others go on");
	tap_is(exo_revoke(pool, 0, 0), 0, "all of them go");
	tap_ok(exo_carve(pool, slot, first, pages, EXO_READ | EXO_WRITE, 0) > 0,
	       "their pages are whole again");
	tap_is(exo_revoke(pool, 0, 0), 0, "and go back");
}

/* The card's filters: who may derive three derives three. */
static void
check_filters(void)
{
	static struct exo_filter all;
	exo_handle card = exo_boot()->packets[0];
	exo_handle some =
		(exo_handle)exo_share(card, free_slot(), (uint64_t)&all, 3, EXO_PACKET_RECEIVE, 0);
	int64_t result = 0;
	uint32_t made = 0;

	while (made < 10 && result >= 0) {
		result = exo_share(some, free_slot(), (uint64_t)&all, 0, EXO_PACKET_RECEIVE, 0);
		made += result >= 0;
	}
	tap_is(made, 3, "who may have three filters has three");
	tap_ok(result < 0, "and no fourth: %s", exo_error_name(result));
	result = exo_share(card, free_slot(), (uint64_t)&all, 0, EXO_PACKET_RECEIVE, 0);
	tap_ok(result > 0, "others have theirs");
	tap_is(exo_drop(some, 0, 0), 0, "they go");
	tap_is(exo_drop((exo_handle)result, 0, 0), 0, "all of them");
}

/* What an environment is asked for and does not answer: there is room for eight. */
static void
check_asks(exo_handle pool, uint64_t first)
{
	struct hostile_thread t;
	exo_handle part;
	int64_t result = 0;
	uint32_t asked = 0;

	hostile_thread_make(&t, 0, NULL, 0); /* the last one bound to this capability space */
	part = (exo_handle)exo_carve(pool, free_slot(), first, 1, EXO_READ, 0);
	while (asked < 100 && result == 0) {
		result = exo_ask(pool, first, 1, 0);
		asked += result == 0;
	}
	tap_is(asked, EXO_ASKS, "eight asks are open");
	tap_is(result, E_BUSY, "a ninth is refused");
	for (uint32_t i = 0; i < EXO_REPOSSESSIONS + 8; i++) {
		exo_carve(pool, exo_start()->slots - 3, first + 1, 1, EXO_READ, 0);
		result |= exo_revoke(pool, first + 1, 1) == 0 ? 0 : 1;
	}
	tap_is(result, E_BUSY, "what is not given back is taken, however often");
	tap_is(exo_drop(part, 0, 0), 0, "and given back");
	hostile_thread_end(&t);
}

int
main(void)
{
	struct exo_cap_info info = {0};
	exo_handle pool;

	tap_plan(5 + 5 + 5 + 5 + 4 + 1);
	exo_frames_carve(exo_own_frames(), 2, 1, &own);
	exo_inspect(own, 0, &info);
	own_page = info.start;
	exo_frames_carve(exo_own_frames(), 512, 2, &pool);
	exo_inspect(pool, 0, &info);
	check_slots(pool, info.start, info.count);
	check_depth(pool, info.start);
	check_objects(pool, info.start, info.count);
	check_filters();
	check_asks(pool, info.start);
	tap_is(exo_drop(pool, 0, 0), 0, "nothing is left");
	return tap_end();
}
