/* SPDX-License-Identifier: MIT
 * hostile_s14_badge.c: S14: a badge is set once, on the way down; whoever has a capability with one
 * can neither change it nor get rid of it.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define BADGE 0xbad9eul

static uint64_t first;

static exo_handle
derive(bool carve, exo_handle parent, uint64_t start, uint64_t badge)
{
	return (exo_handle)(carve ? exo_carve(parent, free_slot(), start, 1, EXO_READ, badge)
				  : exo_share(parent, free_slot(), start, 1, EXO_READ, badge));
}

static uint64_t
badge_of(exo_handle handle)
{
	struct exo_cap_info info = {.badge = ~0ul};

	exo_inspect(handle, 0, &info);
	return info.badge;
}

static void
check_below(exo_handle marked, uint64_t start, bool carve)
{
	exo_handle child = derive(carve, marked, start, 0);

	tap_is((int64_t)derive(carve, marked, start, BADGE + 1), E_BADGE, "it is not changed");
	tap_is((int64_t)derive(carve, marked, start, BADGE), E_BADGE, "nor set again");
	tap_is((int64_t)derive(carve, marked, start, ~0ul), E_BADGE, "nor are bits added");
	tap_is((int64_t)badge_of(child), BADGE, "a child inherits it");
	tap_is((int64_t)derive(carve, child, start, 1), E_BADGE, "and cannot change it either");
	tap_is((int64_t)badge_of(derive(carve, child, start, 0)), BADGE, "nor can its child");
}

int
main(void)
{
	struct exo_cap_info info = {0};
	exo_handle pool, env, memory, weak;

	tap_plan(12 + 4);
	exo_frames_carve(exo_own_frames(), 2, 1, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	check_below(derive(true, pool, first, BADGE), first, false);
	check_below(derive(true, pool, first + 1, BADGE), first + 1, true);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &env, &memory);
	weak = (exo_handle)exo_share(env, free_slot(), 0, 0, EXO_ENV_SIGNAL, BADGE);
	tap_is((int64_t)badge_of(weak), BADGE, "a capability of an object has one");
	tap_is(exo_share(weak, free_slot(), 0, 0, EXO_ENV_SIGNAL, BADGE + 1), E_BADGE,
	       "which is not changed");
	weak = (exo_handle)exo_share(weak, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	tap_is((int64_t)badge_of(weak), BADGE, "and inherited");
	tap_is((int64_t)badge_of(env), 0, "the first one has none");
	return tap_end();
}
