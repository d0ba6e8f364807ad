/* SPDX-License-Identifier: MIT
 * info_pages.c: the kernel's frame table to be read: it tells what frames are, cannot be changed,
 * and survives whoever carves it or wants an object in its place.
 *
 * boot: init
 */
#include "test/boot/attempt.h"

static const struct exo_frame_info *table;

static const struct exo_frame_info *
entry_of(exo_handle handle, uint64_t nth)
{
	struct exo_cap_info info = {0};

	exo_inspect(handle, 0, &info);
	return &table[info.start - (exo_sysinfo()->ram_start >> EXO_PAGE_SHIFT) + nth];
}

static void
test_content(void)
{
	struct exo_pages pages = {0};

	tap_is(entry_of(exo_start()->env, 0)->kind, EXO_FRAME_ENV, "an environment");
	tap_is(entry_of(exo_start()->env, 1)->kind, EXO_FRAME_OBJECT, "its second frame");
	tap_is(entry_of(exo_start()->space, 0)->kind, EXO_FRAME_SPACE, "a space");
	tap_is(entry_of(exo_start()->cspace, 0)->kind, EXO_FRAME_CSPACE, "a capability space");
	exo_pages_make(&pages, 2);
	tap_is(entry_of(pages.frames, 1)->kind, EXO_FRAME_USER, "memory");
	tap_is(entry_of(pages.frames, 1)->references, 1, "mapped once");
	exo_unmap((uint64_t)pages.memory + EXO_PAGE_SIZE, 1, 0, NULL, EXO_NONE);
	tap_is(entry_of(pages.frames, 1)->references, 0, "now no more");
	tap_ok(entry_of(pages.frames, 1)->holder == entry_of(pages.frames, 0)->holder,
	       "both of one holder");
}

static void
test_attacks(void)
{
	exo_handle whole = exo_boot()->frame_table;
	struct exo_cap_info info = {0};
	uint64_t address = 0;
	uint64_t before = attempted.count;
	uint64_t mine =
		((uint64_t)entry_of(exo_start()->env, 0) - (uint64_t)table) >> EXO_PAGE_SHIFT;
	int64_t part;

	exo_inspect(whole, 0, &info);
	tap_ok(!(info.flags & EXO_CAPF_WHOLE) && info.rights == EXO_READ, "only a share, to read");
	attempt_store((uint64_t)table);
	tap_ok(attempted.count == before + 1, "storing to it is an exception");
	tap_is(exo_protect((uint64_t)table, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "it is not made writable");
	tap_is(exo_unmap((uint64_t)table, info.count, 0, NULL, EXO_NONE) < 0, 0, "unmapped");
	part = exo_carve(whole, free_slot(), info.start + mine, 2, EXO_READ, 0);
	tap_ok(part > 0, "part of it is carved");
	tap_ok(exo_create(EXO_CAP_SPACE, (exo_handle)part, free_slot(), 0, 0) < 0,
	       "but becomes no object");
	tap_is(exo_vm_map(exo_own_vm(), (exo_handle)part, 0, 1, EXO_READ, &address), 0,
	       "it is mapped");
	table = (const struct exo_frame_info *)address;
	for (uint32_t i = 0; i < EXO_PAGE_SIZE / sizeof(*table); i++) {
		before += table[i].kind || table[i].holder;
	}
	tap_ok(before > attempted.count, "and was not cleared for the new holder");
	tap_is(exo_slot_drop((exo_handle)part), 0, "dropped");
}

int
main(void)
{
	struct exo_cap_info info = {0};
	uint64_t address = 0;

	tap_plan(1 + 8 + 9);
	exo_on_exception(attempt_handler);
	exo_inspect(exo_boot()->frame_table, 0, &info);
	tap_is(exo_vm_map(exo_own_vm(), exo_boot()->frame_table, 0, info.count, EXO_READ, &address),
	       0, "the frame table is mapped");
	table = (const struct exo_frame_info *)address;
	test_content();
	test_attacks();
	return tap_end();
}
