/* SPDX-License-Identifier: MIT
 * hostile_s39_large.c: S39: a page of 2 MiB shows only what its holder has and cleared; what is
 * trimmed, carved, dropped or taken of it is out of reach at once, also of a hart that is busy with
 * it.
 *
 * boot: init SMP=2
 */
#include "test/boot/attempt.h"

#define WHERE  0x3200000000ul
#define UNIT   EXO_MEGA_PAGES
#define SECRET 0x5ec2e75ec2e75ec2ul
#define RW     (EXO_READ | EXO_WRITE)

static exo_handle pool, tables[2];
static uint64_t start;
static uint32_t slots[4];
static volatile uint64_t stores;

static int64_t
map(uint64_t address, exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags)
{
	return exo_map(address, handle, offset, count, flags, NULL, EXO_NONE);
}

static exo_handle
carve(uint32_t slot, exo_handle parent, uint64_t from, uint64_t count)
{
	int64_t result = exo_carve(parent, slots[slot], start + from, count, RW | EXO_EXEC, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static bool
is_reached(uint64_t address)
{
	uint64_t before = attempted.count;

	attempt_load(address);
	return attempted.count == before;
}

/* Another holder, with small pages, who leaves a secret in `count` pages. */
static bool
leave_secret(uint64_t from, uint64_t count)
{
	exo_handle part = carve(3, pool, from, count);
	uint64_t address = 0;
	bool done = exo_vm_map(exo_own_vm(), part, 0, count, RW, &address) == 0;

	for (uint64_t i = 0; done && i < count; i++) {
		at(address)[i * 512] = SECRET;
		at(address)[i * 512 + 511] = SECRET;
	}
	exo_vm_unmap(exo_own_vm(), address, count);
	return exo_drop(part, 0, 0) == 0 && done;
}

static uint32_t
secrets_in(uint64_t address, uint64_t count)
{
	uint32_t found = 0;

	for (uint64_t i = 0; i < count; i++) {
		found += at(address)[i * 512] != 0 || at(address)[i * 512 + 511] != 0;
	}
	return found;
}

static exo_handle
ready_unit(void)
{
	exo_handle unit = carve(0, pool, 0, UNIT);

	return exo_clear(unit, 0, UNIT) == 0 && map(WHERE, unit, 0, UNIT, RW | EXO_MEGA) == 0
		       ? unit
		       : EXO_NONE;
}

/* --- what is in it ------------------------------------------------------------------------ */
/* Wherever somebody else was last, the whole is not mapped before it is cleared, and then zero. */
static void
check_old_data(void)
{
	static const uint64_t places[][2] = {{0, 1}, {511, 1}, {7, 2}, {256, 256}, {0, 512}};
	uint32_t wrong = 0, found = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(places); i++) {
		exo_handle unit;

		wrong += !leave_secret(places[i][0], places[i][1]);
		unit = carve(0, pool, 0, UNIT);
		wrong += map(WHERE, unit, 0, UNIT, RW | EXO_MEGA) != E_STATE;
		wrong += exo_clear(unit, 0, UNIT) != 0;
		wrong += map(WHERE, unit, 0, UNIT, RW | EXO_MEGA) != 0;
		found += secrets_in(WHERE, UNIT);
		wrong += exo_drop(unit, 0, 0) != 0;
		wrong += is_reached(WHERE);
	}
	tap_is(wrong, 0, "a unit that others used is not mapped before it is cleared");
	tap_is(found, 0, "then nothing of them is in it");
}

/* What one cleared is not ready for the next, nor is a unit of which a part was another's since. */
static void
check_marks(void)
{
	exo_handle unit = ready_unit();
	exo_handle part, again;

	tap_ok(unit != EXO_NONE, "a unit is ready");
	exo_drop(unit, 0, 0);
	again = carve(0, pool, 0, UNIT);
	tap_is(map(WHERE, again, 0, UNIT, EXO_READ | EXO_MEGA), E_STATE,
	       "but not for who has it next");
	exo_clear(again, 0, UNIT);
	part = carve(1, again, 100, 2);
	map(WHERE, tables[0], 0, 1, EXO_WRITE);
	tap_is(map(WHERE, part, 0, 2, RW), 0, "its holder lets another one have a part");
	*at(WHERE) = SECRET;
	exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE);
	exo_drop(part, 0, 0);
	tap_is(map(WHERE, again, 0, UNIT, EXO_READ | EXO_MEGA), E_STATE, "then it is not ready");
	exo_clear(again, 0, UNIT);
	tap_is(map(WHERE, again, 0, UNIT, EXO_READ | EXO_MEGA), 0, "before it is cleared again");
	tap_is(secrets_in(WHERE, UNIT), 0, "nothing of the other one is in it");
	exo_drop(again, 0, 0);
}

/* --- what is taken of it ------------------------------------------------------------------ */
/* Frames that are not the holder's any more are in none of its pages, however they went. */
static void
check_parts(void)
{
	exo_handle unit = ready_unit();
	exo_handle other = EXO_NONE;

	tap_is(exo_drop(unit, start, 8), E_BOUND, "what is mapped is not trimmed");
	tap_ok(is_reached(WHERE), "nor hurt by the attempt");
	tap_ok(carve(1, unit, 8, 2) == EXO_NONE, "nor carved");
	exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE);
	tap_is(exo_drop(unit, start, 8), 0, "when it is not, it is trimmed");
	tap_is(map(WHERE, unit, 0, UNIT, EXO_READ | EXO_MEGA), E_RANGE, "and is no unit any more");
	tap_is(map(WHERE, unit, 0, 8, EXO_READ | EXO_MEGA), E_ALIGN, "what is left is none");
	other = carve(1, pool, 8, UNIT - 8);
	tap_is(exo_clear(other, 0, UNIT - 8), E_ALIGN, "nor what another one has of it");
	tap_is(exo_clear(pool, 0, UNIT), E_POOL, "nor both for whom they were carved from");
	exo_drop(unit, 0, 0);
	exo_drop(other, 0, 0);
	unit = ready_unit();
	tap_is(exo_revoke(pool, start + UNIT - 1, 1), 0, "the last page of a mapped unit is taken");
	tap_ok(!is_reached(WHERE) && !is_reached(WHERE + (UNIT - 1) * EXO_PAGE_SIZE),
	       "no page of it is reached");
}

/* One unit that begins in another's memory: alignment is that of the frames, not of the handle. */
static void
check_alignment(void)
{
	exo_handle odd = carve(0, pool, 8, UNIT);
	exo_handle two = EXO_NONE;

	tap_is(exo_clear(odd, 0, UNIT), E_ALIGN, "a unit of frames begins at a multiple of 2 MiB");
	tap_is(map(WHERE, odd, 0, UNIT, RW | EXO_MEGA), E_ALIGN, "and is mapped nowhere else");
	tap_is(exo_clear(odd, UNIT - 8, UNIT), E_RANGE, "nor behind the end of its capability");
	tap_is(map(WHERE, odd, UNIT - 8, UNIT, RW | EXO_MEGA), E_RANGE, "nor mapped there");
	exo_drop(odd, 0, 0);
	two = carve(0, pool, 0, 2 * UNIT);
	exo_clear(two, 0, UNIT);
	tap_is(map(WHERE, two, UNIT, UNIT, RW | EXO_MEGA), E_STATE, "the unit behind is another");
	tap_is(map(WHERE, two, 0, 2 * UNIT, RW | EXO_MEGA), E_STATE, "of two the first is mapped");
	tap_ok(is_reached(WHERE) && !is_reached(WHERE + UNIT * EXO_PAGE_SIZE),
	       "but not the second");
	exo_drop(two, 0, 0);
}

static void
store_body(uint64_t address)
{
	for (;;) {
		attempt_store(address);
		stores++;
	}
}

static bool
stores_go_on(void)
{
	uint64_t before = stores;

	for (uint64_t tries = 0; stores < before + 2 && tries < 100000000; tries++) {
	}
	return stores >= before + 2;
}

/* A hart that stores into a unit without end; each time it is taken in another way. */
static void
check_far_hart(void)
{
	struct hostile_thread thread;
	uint64_t address = 0;
	uint32_t wrong = 0;

	wrong += hostile_thread_make(&thread, 1, store_body, WHERE + 300 * EXO_PAGE_SIZE) != 0;
	exo_env_entry(thread.env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	wrong += exo_env_start(thread.env) != 0;
	for (uint32_t way = 0; way < 4; way++) {
		exo_handle unit = ready_unit();
		exo_handle part;

		wrong += !stores_go_on();
		wrong += way == 0   ? exo_drop(unit, 0, 0) != 0
			 : way == 1 ? exo_revoke(pool, start + 3, 1) != 0
			 : way == 2 ? exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE) < 0
				    : exo_protect(WHERE, UNIT, EXO_READ | EXO_MEGA, NULL,
						  EXO_NONE) < 0;
		part = way < 2 ? carve(1, pool, 300, 1) : unit;
		wrong += exo_vm_map(exo_own_vm(), part, way < 2 ? 0 : 300, 1, RW, &address) != 0;
		*at(address) = SECRET;
		wrong += !stores_go_on();
		wrong += !stores_go_on();
		wrong += *at(address) != SECRET;
		exo_vm_unmap(exo_own_vm(), address, 1);
		exo_revoke(pool, 0, 0);
	}
	tap_is(wrong, 0,
	       "a hart that stores into it without end is stopped by each way to take it");
	hostile_thread_end(&thread);
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(1 + 2 + 6 + 10 + 7 + 1);
	exo_on_exception(attempt_handler);
	for (uint32_t level = 0; level < 2; level++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &tables[level], NULL);
	}
	map(WHERE, tables[1], 0, 1, EXO_WRITE);
	tap_is(exo_frames_carve(exo_own_frames(), 2 * UNIT, UNIT, &pool), 0, "two units");
	exo_inspect(pool, 0, &info);
	start = info.start;
	for (uint32_t i = 0; i < ARRAY_SIZE(slots); i++) {
		slots[i] = free_slot();
	}
	check_old_data();
	check_marks();
	check_parts();
	check_alignment();
	check_far_hart();
	return tap_end();
}
