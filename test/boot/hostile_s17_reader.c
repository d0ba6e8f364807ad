/* SPDX-License-Identifier: MIT
 * hostile_s17_reader.c: S17: who may only read a page cannot change it: not by carving from its
 * share, which would have it cleared for a new holder, nor by any mapping or protection.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define SECRET 0x5ec12e7ul

static struct exo_pages page;
static uint64_t page_number;

static exo_handle
derive(bool carve, exo_handle parent, uint64_t rights)
{
	int64_t result = carve ? exo_carve(parent, free_slot(), page_number, 1, rights, 0)
			       : exo_share(parent, free_slot(), page_number, 1, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

/* Is the secret still there? Maps the page only to look, so that nothing refers to it in between.
 */
static bool
intact(void)
{
	uint64_t address;
	bool same;

	if (exo_vm_map(exo_own_vm(), page.frames, 0, 1, EXO_READ, &address) != 0) {
		return false;
	}
	same = *at(address) == SECRET;
	exo_vm_unmap(exo_own_vm(), address, 1);
	return same;
}

static void
check_carve(void)
{
	exo_handle reader = derive(false, page.frames, EXO_READ);
	exo_handle part = derive(true, reader, EXO_READ);
	uint64_t address;

	tap_ok(reader != EXO_NONE && part != EXO_NONE, "a reader carves its share");
	tap_is(exo_vm_map(exo_own_vm(), part, 0, 1, EXO_READ, &address), 0, "and maps that");
	tap_is((int64_t)*at(address), SECRET, "it sees what is there");
	exo_vm_unmap(exo_own_vm(), address, 1);
	tap_ok(intact(), "which is still there for its owner");
	tap_is(exo_drop(reader, 0, 0), 0, "the reader goes");
	tap_ok(intact(), "and it is still there");
}

static void
check_rights(void)
{
	exo_handle reader = derive(false, page.frames, EXO_READ);
	uint64_t address;

	tap_is(exo_share(reader, free_slot(), page_number, 1, EXO_READ | EXO_WRITE, 0), E_RIGHTS,
	       "no share of it can write");
	tap_is(exo_carve(reader, free_slot(), page_number, 1, EXO_WRITE, 0), E_RIGHTS,
	       "no part of it can");
	tap_is(exo_vm_map(exo_own_vm(), reader, 0, 1, EXO_READ | EXO_WRITE, &address), E_RIGHTS,
	       "no mapping can");
	tap_is(exo_vm_map(exo_own_vm(), reader, 0, 1, EXO_READ | EXO_EXEC, &address), E_RIGHTS,
	       "none can execute");
	tap_is(exo_vm_map(exo_own_vm(), reader, 0, 1, EXO_READ, &address), 0, "one can read");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "it cannot be raised");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_EXEC, NULL, EXO_NONE), E_RIGHTS,
	       "nor made executable");
	tap_ok(exo_protect(address, 1, 0, NULL, EXO_NONE) >= 0, "it can be closed");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "and not be raised then");
	tap_is(exo_drop(reader, 0, 0), 0, "the reader goes");
	tap_ok(intact(), "nothing has changed");
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(6 + 11);
	exo_pages_make(&page, 1);
	*(uint64_t *)page.memory = SECRET;
	exo_inspect(page.frames, 0, &info);
	page_number = info.start;
	exo_vm_unmap(exo_own_vm(), (uint64_t)page.memory, 1);
	check_carve();
	check_rights();
	return tap_end();
}
