/* SPDX-License-Identifier: MIT
 * hostile_s36_shared_tables.c: S36: a table that hangs in several places is changed by nobody, and
 * neither it nor a copy of it, made at any moment, outlives the capabilities of what it maps.
 *
 * boot: init SMP=2
 */
#include "test/boot/attempt.h"

#define HERE  0x800000000ul
#define MIB2  0x200000ul
#define THERE (HERE + 2 * MIB2)
#define PAGES 16
#define TURNS 25
#define MAGIC 0x600d600d600d600dul

static exo_handle pool, part, share, shared, copy, copy_memory;
static uint64_t first;
static volatile uint64_t go, done, copied, left_out;

static int64_t
hang(exo_handle table, uint64_t address)
{
	return exo_map(address, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
}

static exo_handle
make_table(uint64_t level, exo_handle *memory)
{
	exo_handle table = EXO_NONE;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &table, memory);
	return table;
}

/* Another hart copies the table as soon as it may. */
static void
copy_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		while (done == go) {
		}
		linger(go * 7919 % 3000);
		if (exo_unshare(THERE, copy, EXO_NONE, 0) == 0) {
			copied++;
		} else {
			left_out++;
		}
		__atomic_store_n(&done, go, __ATOMIC_RELEASE);
	}
}

/* Pages of a new holder, in a table that hangs in two places. */
static int64_t
set_up(const uint32_t slots[2])
{
	int64_t result;

	part = (exo_handle)exo_carve(pool, slots[0], first, PAGES, EXO_READ | EXO_WRITE, 0);
	share = (exo_handle)exo_share(part, slots[1], first, PAGES, EXO_READ | EXO_WRITE, 0);
	result = hang(shared, HERE);
	result |= exo_map(HERE, share, 0, PAGES, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
	result |= hang(shared, THERE);
	*at(HERE) = 1;
	*at(THERE + EXO_PAGE_SIZE) = 2;
	return result;
}

/* Takes both out again, so that the next turn finds them empty. */
static void
clean_up(void)
{
	exo_unmap(THERE, 512, EXO_MEGA, NULL, EXO_NONE);
	exo_unmap(HERE, 512, EXO_MEGA, NULL, EXO_NONE);
	exo_frames_destroy(exo_own_frames(), copy, copy_memory);
	exo_unmap(THERE, 512, EXO_MEGA, NULL, EXO_NONE);
	exo_unmap(HERE, 512, EXO_MEGA, NULL, EXO_NONE);
	copy = make_table(0, &copy_memory);
}

static uint32_t
count_reached(void)
{
	uint32_t reached = 0;

	for (uint32_t i = 0; i < PAGES; i++) {
		uint64_t before = attempted.count;

		attempt_store(HERE + i * EXO_PAGE_SIZE);
		attempt_store(THERE + i * EXO_PAGE_SIZE);
		reached += attempted.count != before + 2;
	}
	return reached;
}

static void
check_refused(const uint32_t slots[2])
{
	exo_handle fresh = make_table(0, NULL), weak;
	uint32_t wrong = 0;

	tap_is(set_up(slots), 0, "a table hangs in two places");
	for (uint64_t where = HERE; where <= THERE; where += THERE - HERE) {
		wrong += exo_map(where + 64 * EXO_PAGE_SIZE, part, 0, 1, EXO_READ, NULL,
				 EXO_NONE) >= 0;
		wrong += exo_map(where + 64 * EXO_PAGE_SIZE, share, 0, 1, EXO_READ, NULL,
				 EXO_NONE) != E_SHARED;
		wrong += exo_unmap(where, 1, 0, NULL, EXO_NONE) != E_SHARED;
		wrong += exo_protect(where, 1, EXO_READ, NULL, EXO_NONE) != E_SHARED;
	}
	tap_is(wrong, 0, "it is changed from neither");
	*at(HERE + EXO_PAGE_SIZE) = 3;
	tap_is((int64_t)*at(THERE + EXO_PAGE_SIZE), 3, "it is as it was");
	weak = (exo_handle)exo_share(fresh, free_slot(), 0, 0, EXO_READ, 0);
	tap_is(exo_unshare(THERE, weak, EXO_NONE, 0), E_RIGHTS,
	       "who may only look at a table does not hang a copy in it");
	weak = (exo_handle)exo_share(exo_start()->space, free_slot(), 0, 0, EXO_SPACE_BIND, 0);
	tap_is(exo_unshare(THERE, fresh, weak, 0), E_RIGHTS, "nor in a space it may not map in");
	tap_is(exo_unshare(THERE, fresh, EXO_NONE, 0), 0, "a copy");
	tap_is(exo_protect(THERE, 1, EXO_READ | EXO_EXEC, NULL, EXO_NONE), E_RIGHTS,
	       "executes no more than the original");
	tap_is(exo_revoke(part, 0, 0), 0, "what it maps is revoked");
	tap_is(count_reached(), 0, "and reached in neither place");
	exo_drop(fresh, 0, 0);
	exo_revoke(pool, 0, 0);
	clean_up();
}

/* One revokes what is mapped while the other copies. */
static void
check_race(const uint32_t slots[3])
{
	uint32_t wrong = 0, reached = 0;

	for (uint32_t turn = 0; turn < TURNS; turn++) {
		uint64_t address = 0;
		exo_handle next;

		wrong += set_up(slots) != 0;
		go++;
		linger(turn * 104729 % 3000);
		wrong += exo_revoke(pool, 0, 0) != 0;
		reached += count_reached();
		next = (exo_handle)exo_carve(pool, slots[2], first, PAGES, EXO_READ | EXO_WRITE, 0);
		wrong += exo_vm_map(exo_own_vm(), next, 0, PAGES, EXO_READ | EXO_WRITE, &address) !=
			 0;
		for (uint32_t i = 0; i < PAGES; i++) {
			wrong += *at(address + i * EXO_PAGE_SIZE) != 0;
			*at(address + i * EXO_PAGE_SIZE) = MAGIC;
		}
		while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != go) {
		}
		reached += count_reached();
		for (uint32_t i = 0; i < PAGES; i++) {
			wrong += *at(address + i * EXO_PAGE_SIZE) != MAGIC;
		}
		exo_vm_unmap(exo_own_vm(), address, PAGES);
		exo_drop(next, 0, 0);
		clean_up();
	}
	tap_ok(copied > 0, "%lu copies were made, %lu were not", (unsigned long)copied,
	       (unsigned long)left_out);
	tap_is(reached, 0, "what was revoked is not reached, through a copy neither");
	tap_is(wrong, 0, "and belongs to its next holder alone");
}

int
main(void)
{
	struct hostile_thread thread;
	struct exo_cap_info info = {0};
	const uint32_t slots[3] = {free_slot(), free_slot(), free_slot()};

	tap_plan(9 + 1 + 3);
	exo_on_exception(attempt_handler);
	exo_frames_carve(exo_own_frames(), PAGES, 1, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	hang(make_table(1, NULL), HERE);
	shared = make_table(0, NULL);
	copy = make_table(0, &copy_memory);
	check_refused(slots);
	tap_is(hostile_thread_start(&thread, 1, copy_body, 0), 0, "another hart copies");
	check_race(slots);
	return tap_end();
}
