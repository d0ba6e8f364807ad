/* SPDX-License-Identifier: MIT
 * hostile_s19_tables.c: S19: page tables hung where they must not be: twice, in two spaces, at the
 * wrong level; written to; and what a second space may still see of a page that the first one has
 * unmapped.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define VICTIM 0x800000000ul /* where the table hangs in the program's own space */
#define GIB    0x40000000ul
#define MIB2   0x200000ul
#define OLD    0x1111
#define NEW    0x2222

/* What the spy runs at SPY_CODE: copies a word of the shared table's page to a page of its own, for
 * ever. */
#define SPY_CODE 0x10000000ul
#define SPY_PAGE 0x10001000ul
#define SPY_LOOK 0x10200000ul

static const uint32_t spy_code[] = {
	0x00053283, /* 1: ld t0, 0(a0) */
	0x0055b023, /* sd t0, 0(a1) */
	0x00130313, /* addi t1, t1, 1 */
	0x0065b423, /* sd t1, 8(a1) */
	0xff1ff06f, /* j 1b */
};

static struct {
	exo_handle table[4], memory[4]; /* levels 1 and 0 of the program, of the spy */
	exo_handle shared, share;
	exo_handle space, space_memory;
	exo_handle env, env_memory;
	struct exo_pages code, page, target;
} test;

static int64_t
hang(exo_handle table, uint64_t address, exo_handle space)
{
	return exo_map(address, table, 0, 1, EXO_WRITE, NULL, space);
}

static exo_handle
make_table(uint64_t level)
{
	exo_handle table = EXO_NONE;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &table, NULL);
	return table;
}

static void
check_levels(void)
{
	exo_handle level1 = make_table(1), level0 = make_table(0);
	uint64_t address;

	tap_is(hang(level0, VICTIM, EXO_NONE), E_NOTABLE,
	       "a table of level 0 does not hang in a root");
	tap_is(hang(level1, VICTIM + MIB2, EXO_NONE), E_ALIGN, "nor one of level 1 off its unit");
	tap_is(hang(level1, EXO_USER_END, EXO_NONE), E_RANGE, "nor in the kernel's half");
	tap_is(hang(level1, KERNEL_DIRECT, EXO_NONE), E_RANGE, "nor at the direct map");
	tap_is(hang(exo_start()->space, VICTIM, EXO_NONE), E_TYPE, "a space is no table");
	tap_is(exo_map(VICTIM, level1, 1, 1, EXO_WRITE, NULL, EXO_NONE), E_RANGE,
	       "its links are no table");
	tap_is(exo_map(VICTIM, level1, 0, 2, EXO_WRITE, NULL, EXO_NONE), E_RANGE,
	       "nor two of them");
	tap_is(hang((exo_handle)exo_share(level1, free_slot(), 0, 0, EXO_READ, 0), VICTIM,
		    EXO_NONE),
	       E_RIGHTS, "who may look at it does not hang it");
	tap_is(hang(level1, VICTIM, EXO_NONE), 0, "it hangs where it belongs");
	tap_is(hang(level1, VICTIM, EXO_NONE), E_MAPPED, "but not in the same place again");
	tap_is(hang(level1, VICTIM + GIB, EXO_NONE), 0, "in a second one it does");
	tap_is(hang(level0, VICTIM, EXO_NONE), E_SHARED, "but then nobody changes it");
	tap_is(exo_unmap(VICTIM + GIB, 512 * 512, EXO_GIGA, NULL, EXO_NONE), 0,
	       "it leaves that one");
	tap_is(hang(level0, VICTIM, EXO_NONE), 0, "a table of level 0 hangs below it");
	tap_is(exo_vm_map(exo_own_vm(), level0, 0, 1, EXO_READ, &address), 0,
	       "it can be looked at");
	exo_map(VICTIM, EXO_NONE, 0x1234, 1, 0, NULL, EXO_NONE);
	tap_is((int64_t)*at(address), 2 * 0x1234, "itself, and nothing else of it");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "but not written");
	tap_ok(exo_vm_map(exo_own_vm(), level0, 0, 1, EXO_READ | EXO_WRITE, &address) < 0,
	       "however it is mapped");
	tap_ok(exo_vm_map(exo_own_vm(), level0, 0, 1, EXO_READ | EXO_EXEC, &address) < 0,
	       "nor executed");
	tap_is(exo_map(VICTIM, level0, 1, 1, EXO_READ, NULL, EXO_NONE), E_RANGE,
	       "its links cannot be seen");
	tap_is(exo_unmap(VICTIM, 512, EXO_MEGA, NULL, EXO_NONE), 0, "it is taken out");
	tap_is(hang(level0, VICTIM + MIB2, EXO_NONE), 0, "and hangs elsewhere then");
	tap_is(exo_drop(level1, 0, 0), 0, "the upper one goes with the lower one in it");
	tap_is(exo_map(VICTIM + MIB2, test.target.frames, 0, 1, EXO_READ, NULL, EXO_NONE),
	       E_NOTABLE, "nothing is left there");
	tap_is(exo_drop(level0, 0, 0), 0, "the lower one goes");
}

/* A space with code, a page of its own, and the program's table. */
static void
make_spy(void)
{
	struct exo_context context = {.pc = SPY_CODE, .x[10] = SPY_LOOK, .x[11] = SPY_PAGE};
	struct exo_cap_info info = {0};

	memcpy(test.code.memory, spy_code, sizeof(spy_code));
	exo_frames_create(exo_own_frames(), EXO_CAP_SPACE, 0, 0, &test.space, &test.space_memory);
	for (int i = 0; i < 4; i++) {
		test.table[i] = make_table(i == 0 || i == 2);
	}
	hang(test.table[0], VICTIM, EXO_NONE);
	test.shared = make_table(0);
	exo_inspect(test.target.frames, 0, &info);
	test.share = (exo_handle)exo_share(test.target.frames, free_slot(), info.start, 1,
					   EXO_READ | EXO_WRITE, 0);
	tap_is(hang(test.shared, VICTIM, EXO_NONE), 0, "a table hangs in the program's space");
	tap_is(exo_map(VICTIM, test.share, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), 0,
	       "a page is mapped in it");
	hang(test.table[2], 0, test.space);
	hang(test.table[3], SPY_CODE, test.space);
	exo_map(SPY_CODE, test.code.frames, 0, 1, EXO_READ | EXO_EXEC, NULL, test.space);
	exo_map(SPY_PAGE, test.page.frames, 0, 1, EXO_READ | EXO_WRITE, NULL, test.space);
	tap_is(hang(test.shared, SPY_LOOK, test.space), 0, "it hangs in a second space");
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 1, THREAD_UAREAS, &test.env,
			  &test.env_memory);
	exo_bind(EXO_BIND_SPACE, test.env, test.space, 0);
	exo_bind(EXO_BIND_CSPACE, test.env, exo_start()->cspace, 0);
	exo_env_write(test.env, &context);
}

/* The spy looks at a page through a table that hangs in two spaces. Nobody takes it out of that
 * table; but when its capability goes, the spy must have lost it, on its own hart too. */
static void
check_two_spaces(void)
{
	volatile uint64_t *seen = test.page.memory;
	uint64_t *target = test.target.memory;
	uint64_t turns;

	*target = OLD;
	make_spy();
	tap_is(exo_env_start(test.env), 0, "the spy starts on hart 1");
	exo_pause(100000000);
	tap_ok(seen[1] > 0, "it looks");
	tap_is(exo_unmap(VICTIM, 1, 0, NULL, EXO_NONE), E_SHARED, "the page is not unmapped");
	tap_is(exo_protect(VICTIM, 1, EXO_READ, NULL, EXO_NONE), E_SHARED, "nor protected");
	tap_is(exo_unmap(SPY_LOOK, 1, 0, NULL, test.space), E_SHARED,
	       "nor through the spy's space");
	tap_is(exo_map(VICTIM + EXO_PAGE_SIZE, test.share, 0, 1, EXO_READ, NULL, EXO_NONE),
	       E_SHARED, "and none is mapped beside it");
	tap_is((int64_t)seen[0], OLD, "the spy sees what is written there");
	tap_is(exo_drop(test.share, 0, 0), 0, "its capability goes");
	*target = NEW;
	turns = seen[1];
	exo_pause(100000000);
	tap_ok(seen[0] != NEW, "the spy does not see what is written then");
	tap_ok(seen[1] <= turns + 1, "it cannot look any more");
	tap_is(exo_drop(test.env, 0, 0), 0, "the spy ends");
	tap_is(exo_drop(test.space, 0, 0), 0, "and its space");
}

int
main(void)
{
	tap_plan(40);
	exo_pages_make(&test.code, 1);
	exo_pages_make(&test.page, 1);
	exo_pages_make(&test.target, 1);
	check_levels();
	check_two_spaces();
	return tap_end();
}
