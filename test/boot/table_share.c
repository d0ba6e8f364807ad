/* SPDX-License-Identifier: MIT
 * table_share.c: tables that hang in several places: read-only to all until `unshare` copies one,
 * at both levels; and what the copy is: bound to the same capabilities, which take it with them,
 * and with the same ceilings.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define HERE    0x800000000ul
#define GIB     0x40000000ul
#define MIB2    0x200000ul
#define THERE   (HERE + 2 * MIB2)
#define OTHER   (HERE + GIB)
#define NOWHERE 0x3200000000ul
#define MANY    400 /* pages: more than one call copies */

static struct exo_pages pages, many;
static exo_handle reader, level1, level0;

static uint64_t
page(uint64_t where, uint64_t index)
{
	return where + index * EXO_PAGE_SIZE;
}

static int64_t
hang(exo_handle table, uint64_t address)
{
	return exo_map(address, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
}

static exo_handle
make_table(uint64_t level)
{
	exo_handle table = EXO_NONE;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &table, NULL);
	return table;
}

static int64_t
unshare(uint64_t address, exo_handle table)
{
	return exo_unshare(address, table, EXO_NONE, 0);
}

static int64_t
protect(uint64_t address, uint64_t rights)
{
	int64_t result = exo_protect(address, 1, rights, NULL, EXO_NONE);

	return result < 0 ? result : 0;
}

/* Pages 0 to 7 writable, 8 by a capability that may only read, 9 readable but it could be more. */
static void
fill(void)
{
	struct exo_cap_info info = {0};

	exo_inspect(pages.frames, 0, &info);
	reader = (exo_handle)exo_share(pages.frames, free_slot(), info.start, 1, EXO_READ, 0);
	level1 = make_table(1);
	level0 = make_table(0);
	hang(level1, HERE);
	hang(level0, HERE);
	exo_map(HERE, pages.frames, 0, 8, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
	exo_map(page(HERE, 8), reader, 0, 1, EXO_READ, NULL, EXO_NONE);
	exo_map(page(HERE, 9), pages.frames, 0, 1, EXO_READ, NULL, EXO_NONE);
	exo_map(page(HERE, 100), many.frames, 0, MANY, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
}

static void
check_refused(void)
{
	exo_handle fresh = make_table(0);

	tap_is(unshare(HERE, level0), E_BUSY, "a table that hangs takes nobody's place");
	tap_is(unshare(HERE + EXO_PAGE_SIZE, fresh), E_ALIGN, "nor is one replaced off its unit");
	tap_is(unshare(HERE + MIB2, fresh), E_NOTABLE, "nor where none hangs");
	tap_is(unshare(NOWHERE, fresh), E_NOTABLE, "nor where none could");
	tap_is(unshare(HERE + MIB2, make_table(1)), E_ALIGN, "nor one of level 1 off its unit");
	tap_is(unshare(EXO_USER_END, fresh), E_RANGE, "nor in the kernel's half");
	tap_is(unshare(KERNEL_DIRECT, fresh), E_RANGE, "nor at the direct map");
	tap_is(unshare(HERE, pages.frames), E_TYPE, "nor does memory");
	tap_is(exo_unshare(HERE, fresh, EXO_NONE, 513), E_RANGE, "nor from behind its end");
	tap_is(exo_unshare(HERE, fresh, pages.frames, 0), E_TYPE, "nor in what is no space");
	tap_is(exo_drop(fresh, 0, 0), 0, "it goes");
	fresh = make_table(0);
	hang(fresh, HERE + MIB2);
	exo_map(HERE + MIB2 + 9 * EXO_PAGE_SIZE, pages.frames, 0, 1, EXO_READ, NULL, EXO_NONE);
	exo_unmap(HERE + MIB2, 512, EXO_MEGA, NULL, EXO_NONE);
	tap_is(unshare(HERE, fresh), E_MAPPED, "nor one that is not empty");
	exo_drop(fresh, 0, 0);
}

static bool
same(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		if (*at(page(HERE, 100 + i)) != i || *at(page(THERE, 100 + i)) != i) {
			return false;
		}
	}
	return true;
}

static void
check_copy(void)
{
	exo_handle copy = make_table(0);
	uint64_t address[2];

	tap_is(unshare(HERE, copy), 0, "a copy takes its place");
	tap_ok(same(MANY), "with all that was mapped");
	*at(HERE) = 7;
	tap_is((int64_t)*at(THERE), 7, "the pages are the same");
	tap_is(protect(HERE, EXO_READ), 0, "the copy can be changed");
	*at(THERE) = 8;
	tap_is((int64_t)*at(HERE), 8, "which changes nothing in the other");
	tap_is(protect(page(THERE, 1), EXO_READ), 0, "and that is nobody else's now either");
	tap_is(protect(page(HERE, 8), EXO_READ | EXO_WRITE), E_RIGHTS, "no right is added");
	tap_is(protect(page(HERE, 9), EXO_READ | EXO_WRITE), 0, "none is lost");
	exo_vm_map(exo_own_vm(), level0, 0, 1, EXO_READ, &address[0]);
	exo_vm_map(exo_own_vm(), copy, 0, 1, EXO_READ, &address[1]);
	tap_ok(memcmp((void *)(address[0] + 800), (void *)(address[1] + 800), 8 * MANY) == 0,
	       "both tables can be read and say the same");
	tap_is(exo_drop(reader, 0, 0), 0, "a capability goes");
	tap_is(protect(page(HERE, 8), EXO_READ), E_NOTMAPPED, "its page is not mapped in the copy");
	tap_is(protect(page(THERE, 8), EXO_READ), E_NOTMAPPED, "nor in the original");
	tap_is(exo_unmap(page(HERE, 100), MANY, 0, NULL, EXO_NONE) >= 0, 1, "the copy is emptied");
	tap_is((int64_t)*at(page(THERE, 499)), 399, "the original is not");
}

static void
check_level0(void)
{
	for (uint64_t i = 0; i < MANY; i++) {
		((uint64_t *)many.memory)[i * 512] = i;
	}
	tap_is(hang(level0, THERE), 0, "a table hangs twice");
	tap_ok(same(MANY), "and shows the same pages in both places");
	tap_is(protect(HERE, EXO_READ), E_SHARED, "nobody protects through it");
	tap_is(exo_unmap(THERE, 1, 0, NULL, EXO_NONE), E_SHARED, "nor unmaps");
	tap_is(exo_map(page(THERE, 20), pages.frames, 0, 1, EXO_READ, NULL, EXO_NONE), E_SHARED,
	       "nor maps");
	check_refused();
	check_copy();
}

/* The table above hangs twice; what hangs in it is shared by being in both, even in a copy. */
static void
check_level1(void)
{
	exo_handle upper = make_table(1), lower = make_table(0);
	uint64_t there = THERE + GIB;

	tap_is(hang(level1, OTHER), 0, "a table of level 1 hangs twice");
	tap_is((int64_t)*at(there), 8, "with all below it");
	tap_is(protect(THERE, EXO_READ), E_SHARED, "nobody protects below it");
	tap_is(hang(lower, OTHER + MIB2), E_SHARED, "nor hangs tables in it");
	tap_is(unshare(there, lower), E_SHARED, "nor copies one below it");
	tap_is(unshare(OTHER, upper), 0, "it is copied");
	tap_is((int64_t)*at(there), 8, "with all below it");
	tap_is(protect(there, EXO_READ), E_SHARED, "that is shared still");
	tap_is(unshare(there, lower), 0, "until it is copied as well");
	tap_is(protect(there, EXO_READ), 0, "then it can be changed");
	*at(THERE) = 9;
	tap_is((int64_t)*at(there), 9, "and the original too");
	tap_is(exo_drop(lower, 0, 0), 0, "the lower copy goes");
	tap_is(protect(there, EXO_READ), E_NOTMAPPED, "nothing is left there");
	tap_is(exo_drop(level0, 0, 0), 0, "the original goes");
	tap_is(protect(THERE, EXO_READ), E_NOTMAPPED, "nothing is left there either");
	tap_is(exo_drop(upper, 0, 0), 0, "the copy above goes");
	tap_is(exo_drop(level1, 0, 0), 0, "and the last one");
}

int
main(void)
{
	tap_plan(49);
	exo_pages_make(&pages, 8);
	exo_pages_make(&many, MANY);
	fill();
	check_level0();
	check_level1();
	tap_is(exo_pages_end(&many), 0, "the pages are free");
	return tap_end();
}
