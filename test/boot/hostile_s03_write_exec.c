/* SPDX-License-Identifier: MIT
 * hostile_s03_write_exec.c: S3: no page can be written and executed, by no mapping and no later
 * protection; what is linked as text and constants cannot be written, data, stack and u-area
 * cannot be executed.
 *
 * boot: init SMP=1
 */
#include "test/boot/attempt.h"

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
check_own_memory(void)
{
	static uint64_t data[] = {0x0000806700008067ul}; /* ret, ret */
	uint64_t before = attempted.count;
	static const uint64_t constant = 1;

	attempt_store((uint64_t)check_own_memory & ~7ul);
	tap_ok(attempt_excepted(before, EXO_CAUSE_STORE_PAGE, 0), "text cannot be written");
	attempt_store((uint64_t)&constant);
	tap_ok(attempt_excepted(before + 1, EXO_CAUSE_STORE_PAGE, 0),
	       "constants cannot be written");
	attempt_jump((uint64_t)data);
	tap_ok(attempt_excepted(before + 2, EXO_CAUSE_FETCH_PAGE, 0), "data cannot be executed");
	attempt_jump((uint64_t)&before & ~7ul);
	tap_ok(attempt_excepted(before + 3, EXO_CAUSE_FETCH_PAGE, 0), "nor the stack");
	attempt_jump(exo_start()->uarea);
	tap_ok(attempt_excepted(before + 4, EXO_CAUSE_FETCH_PAGE, 0), "nor the u-area");
}

static void
check_write_exec(void)
{
	exo_handle all = derive(false, page.frames, EXO_READ | EXO_WRITE);
	uint64_t address;

	tap_is(exo_create(EXO_CAP_CSPACE, all, free_slot(), 0, 0), E_WHOLE,
	       "no object comes of a share");
	tap_is(exo_vm_map(exo_own_vm(), all, 0, 1, EXO_READ | EXO_WRITE | EXO_EXEC, &address),
	       E_INVAL, "no mapping writes and executes");
	tap_is(exo_vm_map(exo_own_vm(), all, 0, 1, EXO_READ | EXO_WRITE, &address), 0,
	       "one writes");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_WRITE | EXO_EXEC, NULL, EXO_NONE), E_INVAL,
	       "it cannot execute as well");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_EXEC, NULL, EXO_NONE), E_RIGHTS,
	       "nor instead");
	tap_is(exo_protect(address, 1, EXO_WRITE, NULL, EXO_NONE), E_INVAL,
	       "none writes without reading");
	tap_is(exo_drop(all, 0, 0), 0, "it goes");
	tap_ok(intact(), "nothing has changed");
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(5 + 8);
	exo_on_exception(attempt_handler);
	exo_pages_make(&page, 1);
	*(uint64_t *)page.memory = SECRET;
	exo_inspect(page.frames, 0, &info);
	page_number = info.start;
	exo_vm_unmap(exo_own_vm(), (uint64_t)page.memory, 1);
	check_own_memory();
	check_write_exec();
	return tap_end();
}
