/* SPDX-License-Identifier: MIT
 * revoke_half_way.c: while a revocation stands still half way, nothing is derived from
 * what it takes, bound to it, moved or shrunk, in no call; and then it ends.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define UNIT  EXO_MEGA_PAGES
#define PAGES (UNIT + 32)
#define TIMES 16 /* so often a unit is mapped, so that it takes some time to take it away */
#define TRIES 40
#define RW    (EXO_READ | EXO_WRITE)
#define HANG  0x3200000000ul /* not the libraries': nothing hangs there */
#define THERE (HANG + UNIT * EXO_PAGE_SIZE)
#define MANY  100 /* pages bound one by one: whose the first is, is not seen at once */

static const uint32_t types[] = {EXO_CAP_ENV, EXO_CAP_SPACE, EXO_CAP_TABLE, EXO_CAP_CSPACE,
				 EXO_CAP_RING};
enum { ENV, SPACE, TABLE, CSPACE, RING, TYPES };

static struct hostile_thread thread;
static exo_handle pool;
static uint64_t first;              /* page of the pool */
static exo_handle all;              /* of the pool; what the thread drops. Below it: */
static exo_handle unit, part, pair; /* a unit; a share of it, mapped all times; two pages */
static exo_handle dying[TYPES];     /* objects */
static exo_handle live[TYPES];      /* others */
static struct exo_pages one, many;  /* live, too */
static uint64_t window;             /* two free pages of addresses */
static uint64_t seen[TIMES];

static void
drop_body(uint64_t handle)
{
	exo_drop(handle, 0, 0);
	for (;;) {
		exo_pause(1000000000);
	}
}

static int64_t
map(exo_handle handle, uint64_t count)
{
	return exo_map(window, handle, 0, count, EXO_READ, NULL, EXO_NONE);
}

static exo_handle
carve(exo_handle parent, uint64_t page, uint64_t count)
{
	return (exo_handle)exo_carve(parent, free_slot(), first + page, count, RW, 0);
}

static exo_handle
make_table(uint64_t level)
{
	exo_handle table = EXO_NONE;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &table, NULL);
	return table;
}

/* What is mapped must go first: the order may depend on which of two siblings is the older one. */
static void
set_up(bool unit_first)
{
	exo_handle rest = EXO_NONE;

	all = carve(pool, 0, PAGES);
	if (!unit_first) {
		rest = carve(all, UNIT, PAGES - UNIT);
	}
	unit = carve(all, 0, UNIT);
	if (unit_first) {
		rest = carve(all, UNIT, PAGES - UNIT);
	}
	part = (exo_handle)exo_share(unit, free_slot(), first, UNIT, RW, 0);
	for (uint32_t i = 0; i < TIMES; i++) {
		exo_vm_map(exo_own_vm(), part, 0, UNIT, RW, &seen[i]);
	}
	exo_map(HANG, carve(rest, UNIT + 16, 1), 0, 1, EXO_READ, NULL, EXO_NONE);
	pair = carve(rest, UNIT, 2);
	for (uint32_t i = 0; i < TYPES; i++) {
		exo_handle frames = carve(rest, UNIT + 2 + 2 * i, i == CSPACE ? 1 : 2);

		dying[i] = (exo_handle)exo_create(types[i], frames, free_slot(),
						  i == RING ? EXO_RING_RECEIVE : 0,
						  i == ENV ? THREAD_UAREAS : 1);
	}
}

static void
clean_up(void)
{
	exo_revoke(pool, 0, 0);
	for (uint32_t i = 0; i < TIMES; i++) {
		exo_vm_unmap(exo_own_vm(), seen[i], UNIT);
	}
	hostile_thread_end(&thread);
}

static bool
is_half_way(void)
{
	struct exo_cap_info info = {0};

	if (exo_inspect(all, 0, &info) != 0 || !(info.flags & EXO_CAPF_DYING) ||
	    exo_inspect(part, 0, &info) != 0 || exo_inspect(pair, 0, &info) != 0) {
		return false;
	}
	for (uint32_t i = 0; i < TYPES; i++) {
		if (exo_inspect(dying[i], 0, &info) != 0) {
			return false;
		}
	}
	return true;
}

/* Somebody drops it all and is stopped in the middle. */
static bool
stop_half_way(bool unit_first)
{
	struct exo_cap_info info;

	set_up(unit_first);
	hostile_thread_start(&thread, 1, drop_body, all);
	while (!is_half_way() && exo_inspect(all, 0, &info) == 0) {
	}
	return exo_env_stop(thread.env) == 0 && is_half_way();
}

static void
check_memory(exo_handle handle, uint64_t start, const char *what)
{
	uint32_t slot = free_slot();

	printf("# %s\n", what);
	exo_unmap(window, 1, 0, NULL, EXO_NONE); /* so its table is the one used last */
	tap_is(map(handle, 1), E_REVOKED, "one page is not mapped");
	tap_is(map(handle, 2), E_REVOKED, "nor are two");
	tap_is(exo_share(handle, slot, start, 1, EXO_READ, 0), E_REVOKED, "nor shared");
	tap_is(exo_carve(handle, slot, start, 1, EXO_READ, 0), E_REVOKED, "nor carved");
	tap_is(exo_give(exo_start()->env, handle, slot), E_REVOKED, "nor given");
}

static void
check_objects(void)
{
	tap_is(exo_create(EXO_CAP_TABLE, pair, free_slot(), 0, 0), E_REVOKED, "no table is made");
	for (uint32_t i = 0; i < TYPES; i++) {
		tap_is(exo_share(dying[i], free_slot(), 0, 0, 0, 0), E_REVOKED,
		       "an object is not shared");
	}
	tap_is(map(dying[ENV], 1), E_REVOKED, "no u-area is mapped");
	tap_is(map(dying[RING], 1), E_REVOKED, "no ring");
	tap_is(map(dying[TABLE], 1), E_REVOKED, "no table");
	tap_is(exo_map(2 * THERE - HANG, dying[TABLE], 0, 1, EXO_WRITE, NULL, EXO_NONE), E_REVOKED,
	       "none hangs");
	tap_is(exo_unshare(HANG, dying[TABLE], EXO_NONE, 0), E_REVOKED, "none is a copy");
	tap_is(exo_unshare(HANG, live[TABLE], dying[SPACE], 0), E_REVOKED, "in no space");
	tap_is(exo_map(HANG, live[ENV], 0, 1, EXO_READ, NULL, dying[SPACE]), E_REVOKED,
	       "nothing is mapped in a space");
	tap_is(exo_bind(EXO_BIND_SPACE, live[ENV], dying[SPACE], 0), E_REVOKED,
	       "nobody runs in it");
	tap_is(exo_bind(EXO_BIND_CSPACE, live[ENV], dying[CSPACE], 0), E_REVOKED,
	       "nobody holds what is in a capability space");
	tap_is(exo_bind(EXO_BIND_BUFFER, live[RING], pair, 0), E_REVOKED, "no buffer is bound");
	tap_is(exo_env_supervisor(live[ENV], dying[ENV], 1), E_REVOKED, "nobody is told");
}

static void
check_copies(void)
{
	tap_is(exo_unshare(HANG, make_table(0), EXO_NONE, 0), 0, "a table is copied");
	tap_is(exo_protect(HANG, 1, EXO_READ, NULL, EXO_NONE), E_NOTMAPPED,
	       "without what is being taken");
	tap_is(exo_protect(HANG + EXO_PAGE_SIZE, 1, 0, NULL, EXO_NONE) < 0, 0, "but with the rest");
	tap_is(exo_unshare(THERE, make_table(0), EXO_NONE, 0), E_BUSY,
	       "one is not, of whose pages it is not soon known");
}

/* A table for the window, one that hangs, and objects that stay. */
static void
prepare(void)
{
	struct exo_cap_info info = {0};

	exo_frames_carve(exo_own_frames(), PAGES, UNIT, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	for (uint32_t i = 0; i < TYPES; i++) {
		exo_frames_create(exo_own_frames(), types[i], i == RING ? EXO_RING_RECEIVE : 0,
				  i == ENV ? THREAD_UAREAS : 1, &live[i], NULL);
	}
	exo_pages_make(&one, 1);
	exo_pages_make(&many, MANY);
	exo_map(HANG, make_table(1), 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_map(HANG, live[TABLE], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_map(HANG + EXO_PAGE_SIZE, one.frames, 0, 1, EXO_READ, NULL, EXO_NONE);
	exo_map(THERE, make_table(0), 0, 1, EXO_WRITE, NULL, EXO_NONE);
	for (uint64_t i = 0; i < MANY; i++) {
		exo_map(THERE + i * EXO_PAGE_SIZE, many.frames, i, 1, EXO_READ, NULL, EXO_NONE);
	}
	exo_vm_map(exo_own_vm(), live[RING], 0, 1, EXO_READ, &window);
	exo_vm_reserve(exo_own_vm(), 2, &window);
}

int
main(void)
{
	struct exo_cap_info info = {0};
	bool stopped = false;

	tap_plan(1 + 2 * 5 + 2 + 1 + TYPES + 11 + 4 + 5);
	prepare();
	for (int i = 0; i < TRIES && !stopped; i++) {
		stopped = stop_half_way(i % 2);
		if (!stopped) {
			clean_up();
		}
	}
	tap_ok(stopped, "a revocation stands still half way");
	check_memory(unit, first, "what it takes");
	check_memory(part, first, "what is below that");
	tap_is(exo_clear(unit, 0, UNIT), E_REVOKED, "it is not cleared");
	tap_is(exo_drop(part, first, 1), E_REVOKED, "nor trimmed");
	check_objects();
	check_copies();
	tap_is(exo_env_start(thread.env), 0, "it goes on");
	while (exo_inspect(all, 0, &info) == 0) {
		exo_pause(1000000);
	}
	tap_is(exo_inspect(dying[ENV], 0, &info), E_HANDLE, "what was below is gone as well");
	tap_ok(carve(pool, 0, PAGES) < 1ul << 63, "all can be had again");
	tap_is(exo_unshare(THERE, make_table(0), EXO_NONE, 0), 0, "so can any copy");
	clean_up();
	tap_is(exo_drop(pool, 0, 0), 0, "and goes");
	return tap_end();
}
