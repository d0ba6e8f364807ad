/* SPDX-License-Identifier: MIT
 * hostile_s31_half_way.c: S31: while a revocation stands still half way, nothing is derived from
 * what it takes, bound to it, moved or shrunk, in no call; and then it ends.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define PAGES 512 /* a unit */
#define TIMES 16  /* so often they are mapped, so that it takes some time to take them away */
#define TRIES 40

static struct hostile_thread thread;
static exo_handle pool, whole, part, ring, ring_memory;
static uint64_t first;  /* page of `whole` */
static uint64_t window; /* two free pages of addresses */
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

static bool
is_dying(void)
{
	struct exo_cap_info info = {0};

	return exo_inspect(whole, 0, &info) == 0 && info.flags & EXO_CAPF_DYING;
}

static void
set_up(void)
{
	whole = (exo_handle)exo_carve(pool, free_slot(), first, PAGES, EXO_READ | EXO_WRITE, 0);
	part = (exo_handle)exo_share(whole, free_slot(), first + 8, 4, EXO_READ | EXO_WRITE, 0);
	for (uint32_t i = 0; i < TIMES; i++) {
		exo_vm_map(exo_own_vm(), whole, 0, PAGES, EXO_READ | EXO_WRITE, &seen[i]);
	}
}

static void
clean_up(void)
{
	exo_revoke(pool, 0, 0);
	for (uint32_t i = 0; i < TIMES; i++) {
		exo_vm_unmap(exo_own_vm(), seen[i], PAGES);
	}
	hostile_thread_end(&thread);
}

/* Somebody drops `whole` and is stopped in the middle. */
static bool
stop_half_way(void)
{
	struct exo_cap_info info;

	set_up();
	hostile_thread_start(&thread, 1, drop_body, whole);
	while (!is_dying() && exo_inspect(whole, 0, &info) == 0) {
	}
	return exo_env_stop(thread.env) == 0 && is_dying();
}

static void
check_refused(exo_handle handle, uint64_t start, const char *what)
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

int
main(void)
{
	struct exo_cap_info info = {0};
	bool stopped = false;

	tap_plan(1 + 2 * 5 + 3 + 4);
	exo_frames_carve(exo_own_frames(), PAGES, PAGES, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	exo_frames_create(exo_own_frames(), EXO_CAP_RING, EXO_RING_RECEIVE, 1, &ring, &ring_memory);
	exo_vm_map(exo_own_vm(), ring, 0, 1, EXO_READ, &window); /* so that there is a table */
	exo_vm_reserve(exo_own_vm(), 2, &window);
	for (int i = 0; i < TRIES && !stopped; i++) {
		stopped = stop_half_way();
		if (!stopped) {
			clean_up();
		}
	}
	tap_ok(stopped, "a revocation stands still half way");
	check_refused(whole, first, "what it takes");
	check_refused(part, first + 8, "what is below it");
	tap_is(exo_clear(whole, 0, PAGES), E_REVOKED, "it is not cleared");
	tap_is(exo_drop(part, first + 8, 1), E_REVOKED, "nor trimmed");
	tap_is(exo_bind(EXO_BIND_BUFFER, ring, part, 0), E_REVOKED, "and no buffer of a ring");
	tap_is(exo_env_start(thread.env), 0, "it goes on");
	while (exo_inspect(whole, 0, &info) == 0) {
		exo_pause(1000000);
	}
	tap_is(exo_inspect(part, 0, &info), E_HANDLE, "what was below is gone as well");
	tap_ok(exo_carve(pool, free_slot(), first, PAGES, EXO_READ, 0) > 0, "all can be had again");
	clean_up();
	tap_is(exo_drop(pool, 0, 0), 0, "and goes");
	return tap_end();
}
