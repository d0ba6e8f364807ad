/* SPDX-License-Identifier: MIT
 * hostile_s30_nothing_left.c: S30: after a revocation no descendant and no use of one is left,
 * wherever it was given and whatever it had become: a mapping, a table, an object, a buffer.
 *
 * boot: init SMP=1 NET=user
 */
#include <exo/atom.h>
#include "test/boot/attempt.h"

#define PAGES  64
#define ROUNDS 60
#define MADE   40

static exo_handle pool, other; /* another environment, with a capability space of its own */
static uint64_t first;
static exo_handle made[MADE];
static uint64_t mapped[MADE];
static uint32_t made_count, mapped_count;
static uint32_t other_slot;

static void
keep(int64_t handle)
{
	if (handle > 0 && made_count < MADE) {
		made[made_count++] = (exo_handle)handle;
	}
}

static exo_handle
any(uint64_t random)
{
	return random % 4 && made_count ? made[random / 4 % made_count] : pool;
}

static void
map(exo_handle handle, uint64_t random)
{
	uint64_t address = mapped_count < MADE ? mapped[mapped_count] : 0;
	uint64_t rights = random & 1 ? EXO_READ : EXO_READ | EXO_WRITE;

	if (address && exo_map(address, handle, 0, 1, rights, NULL, EXO_NONE) == 0) {
		mapped_count++;
	}
}

/* Something that may be done with what there is, or not. */
static void
step(uint64_t *state)
{
	uint64_t r = noise(state);
	exo_handle h = any(r >> 8);
	uint64_t page = first + (r >> 24) % PAGES, count = 1 + (r >> 32) % 8;

	switch (r % 8) {
	case 0:
	case 1:
		keep(exo_carve(h, free_slot(), page & ~1ul, count, EXO_READ | EXO_WRITE, 0));
		break;
	case 2:
		keep(exo_share(h, free_slot(), page, 1 + count % 2, EXO_READ | EXO_WRITE, 0));
		break;
	case 3:
		keep(exo_carve(h, free_slot(), page & ~1ul, 2, EXO_READ | EXO_WRITE, 0));
		keep(exo_create((r >> 40) % 2 ? EXO_CAP_ENV : EXO_CAP_TABLE,
				made_count ? made[made_count - 1] : h, free_slot(), 0,
				(r >> 40) % 2 ? THREAD_UAREAS : 0));
		break;
	case 4:
		exo_give(other, (exo_handle)exo_share(h, free_slot(), page, 1, EXO_READ, 0),
			 other_slot++ % 60 + 1);
		break;
	default:
		map(h, r >> 50);
		break;
	}
}

static uint32_t
count_reached(void)
{
	uint32_t reached = 0;

	for (uint32_t i = 0; i < mapped_count; i++) {
		uint64_t before = attempted.count;

		attempt_load(mapped[i]);
		reached += !attempt_excepted(before, EXO_CAUSE_LOAD_PAGE, 0);
		reached += exo_protect(mapped[i], 1, EXO_READ, NULL, EXO_NONE) != E_NOTMAPPED;
	}
	return reached;
}

static uint32_t
count_named(void)
{
	struct exo_cap_info info;
	uint32_t named = 0;

	for (uint32_t i = 0; i < made_count; i++) {
		named += exo_inspect(made[i], 0, &info) != E_HANDLE;
	}
	exo_inspect(pool, 0, &info);
	return named + (info.child_count != 0) + (info.bindings != 0) +
	       ((info.flags & (EXO_CAPF_POOL | EXO_CAPF_SHARES | EXO_CAPF_DYING)) != 0);
}

/* The slots of the other one, one by one, can be filled again: they are empty. */
static uint32_t
count_held(void)
{
	uint32_t held = 0;

	for (uint32_t slot = 1; slot <= 60; slot++) {
		exo_handle h = (exo_handle)exo_share(exo_start()->env, free_slot(), 0, 0,
						     EXO_ENV_SIGNAL, 0);

		held += exo_give(other, h, slot) < 0;
	}
	return held;
}

/* A capability space of one leaf. */
static void
make_other(void)
{
	exo_handle root, leaf;

	exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, 0, 0, &root, NULL);
	exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, root, 0, &leaf, NULL);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &other, NULL);
	exo_bind(EXO_BIND_CSPACE, other, root, 0);
}

int
main(void)
{
	struct exo_cap_info info = {0};
	uint64_t state = 20261122, window, uses = 0, caps = 0;
	uint32_t reached = 0, named = 0, wrong = 0;

	tap_plan(7);
	exo_on_exception(attempt_handler);
	exo_frames_carve(exo_own_frames(), PAGES, 2, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	exo_vm_map(exo_own_vm(), pool, 0, MADE, EXO_READ, &window);
	exo_unmap(window, MADE, 0, NULL, EXO_NONE);
	for (uint32_t i = 0; i < MADE; i++) {
		mapped[i] = window + i * EXO_PAGE_SIZE;
	}
	make_other();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		made_count = 0;
		mapped_count = 0;
		for (int i = 0; i < 60; i++) {
			step(&state);
		}
		uses += mapped_count;
		caps += made_count;
		wrong += exo_revoke(pool, 0, 0) != 0;
		reached += count_reached();
		named += count_named();
		for (uint32_t i = 0; i < made_count; i++) {
			exo_slot_free((uint32_t)made[i]);
		}
	}
	tap_ok(caps > ROUNDS && uses > ROUNDS, "%lu capabilities and %lu mappings were made",
	       (unsigned long)caps, (unsigned long)uses);
	tap_is(wrong, 0, "each time all of it is revoked");
	tap_is(reached, 0, "no page is reached afterwards");
	tap_is(named, 0, "no handle names anything");
	tap_ok(other_slot > ROUNDS, "%u went to another capability space", other_slot);
	tap_is(count_held(), 0, "which has nothing left");
	tap_is(exo_drop(pool, 0, 0), 0, "the pool goes");
	return tap_end();
}
