/* SPDX-License-Identifier: MIT
 * hostile_s33_circles.c: S33: capability spaces that hold themselves, and whatever they are made
 * of, go with a revocation like everything else.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

static uint64_t first; /* page of a pool of eight */
static exo_handle pool;

static exo_handle
carve(uint64_t page, uint64_t count, uint64_t rights)
{
	int64_t result = exo_carve(pool, free_slot(), first + page, count, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static int64_t
create(uint32_t type, exo_handle frames, uint64_t arg0, uint64_t arg1)
{
	return exo_create(type, frames, free_slot(), arg0, arg1);
}

/* A capability space with one leaf, which holds the capabilities of itself, of its root, of its
 * leaf and of their frames. */
static void
check_circle(void)
{
	exo_handle part[5] = {carve(0, 1, EXO_READ | EXO_WRITE), carve(1, 1, EXO_READ | EXO_WRITE),
			      0, 0, 0};
	exo_handle pair = carve(2, 2, EXO_READ | EXO_WRITE);
	exo_handle env = (exo_handle)create(EXO_CAP_ENV, pair, 0, THREAD_UAREAS), whole;
	int given = 0;

	part[2] = (exo_handle)create(EXO_CAP_CSPACE, part[0], 0, 0);
	part[3] = (exo_handle)create(EXO_CAP_CSPACE, part[1], part[2], 0);
	tap_is(create(EXO_CAP_CSPACE, pair, part[2], 0), E_RANGE, "a leaf is one page");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, part[3], 0), E_TYPE, "a leaf is no capability space");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, part[2], 0), 0, "an environment has it");
	for (uint32_t i = 0; i < 4; i++) {
		given += exo_give(env, part[3 - i], 2 + i) > 0;
	}
	tap_is(given, 4, "it holds all that it is made of");
	tap_is(exo_give(env, env, 2), E_SLOT, "what is full takes no more");
	tap_is(exo_give(env, env, 64), E_SLOT, "nor a leaf that is not there");
	tap_is(exo_give(env, env, ~0u), E_SLOT, "nor one that cannot be");
	tap_is(exo_revoke(pool, 0, 0), 0, "all of it is revoked");
	tap_is(exo_env_stop(env), E_HANDLE, "the environment is gone");
	whole = carve(0, 8, EXO_READ | EXO_WRITE);
	tap_ok(whole != EXO_NONE, "the pages are free");
	for (int tries = 0; tries < 100; tries++) {
		uint64_t address;

		if (exo_vm_map(exo_own_vm(), whole, 0, 8, EXO_READ | EXO_WRITE, &address) == 0) {
			break;
		}
		given = tries;
	}
	tap_ok(given < 99, "and can be used");
	exo_drop(whole, 0, 0);
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(11);
	exo_frames_carve(exo_own_frames(), 8, 2, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	check_circle();
	return tap_end();
}
