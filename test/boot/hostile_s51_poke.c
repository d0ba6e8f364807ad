/* SPDX-License-Identifier: MIT
 * hostile_s51_poke.c: S51: the memory of another environment is written only with CONTROL on it
 * while it is stopped, and only where it could write itself; no right of a page changes by that.
 *
 * boot: init SMP=2
 */
#include "test/boot/attempt.h"

#define WORD 0x706f6b656d653a29ul
#define MEGA (EXO_VM_END + (1ul << 30))

static struct other { /* of the space of this program; it runs only in check_running */
	exo_handle env, env_memory;
	exo_handle observe, control, rest; /* shares of env */
	uint64_t page;                     /* it may write there */
	exo_handle frames;
} other;

static exo_handle
share(uint64_t rights)
{
	return (exo_handle)exo_share(other.env, free_slot(), 0, 0, rights, 0);
}

static int64_t
poke(uint64_t address)
{
	uint64_t word = WORD;

	return exo_env_poke(other.control, address, &word, sizeof(word));
}

static void
make(void)
{
	struct exo_pages page;

	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 1, THREAD_UAREAS, &other.env,
			  &other.env_memory);
	other.observe = share(EXO_ENV_OBSERVE);
	other.control = share(EXO_ENV_CONTROL);
	other.rest = share(EXO_RIGHTS_ALL & ~EXO_ENV_CONTROL);
	exo_pages_make(&page, 1);
	other.page = (uint64_t)page.memory;
	other.frames = page.frames;
}

static void
check_rights(void)
{
	uint64_t word = WORD;

	tap_is(poke(other.page), E_STATE, "who has no space has no memory");
	exo_bind(EXO_BIND_SPACE, other.env, exo_start()->space, 0);
	exo_bind(EXO_BIND_CSPACE, other.env, exo_start()->cspace, 0);
	tap_is(exo_env_poke(other.rest, other.page, &word, 8), E_RIGHTS,
	       "no other right writes its memory");
	tap_is(exo_env_poke(other.observe, other.page, &word, 8), E_RIGHTS, "nor does OBSERVE");
	tap_is(exo_env_poke(exo_start()->space, other.page, &word, 8), E_TYPE, "a space is no ENV");
	tap_is(exo_env_poke(EXO_NONE, other.page, &word, 8), E_HANDLE, "nothing has no memory");
	tap_is(exo_env_poke(exo_start()->env, other.page, &word, 8), E_STATE,
	       "nobody who runs is written");
	tap_is((int64_t)*at(other.page), 0, "and nothing was");
}

static void
check_writing(void)
{
	static uint8_t much[2 * EXO_PEEK_BYTES];

	tap_is(poke(other.page), 8, "a word is written");
	tap_ok(*at(other.page) == WORD, "and stands there");
	tap_is(exo_env_poke(other.control, other.page, much, sizeof(much)), EXO_PEEK_BYTES,
	       "at most so much at once");
	tap_is(exo_env_poke(other.control, other.page + 4090, much, 99), 6, "and of one page");
	tap_is(exo_env_poke(other.control, other.page, (void *)KERNEL_DIRECT, 8), E_FAULT,
	       "it comes only from where the caller may read");
	tap_is(exo_env_poke(other.control, other.page, much, 0), 0, "nothing is 0");
	tap_is(poke(EXO_USER_END), E_RANGE, "there is nothing behind the user half");
	tap_is(poke(KERNEL_IMAGE), E_RANGE, "not the kernel");
	tap_is(poke(KERNEL_DIRECT), E_RANGE, "nor memory as the kernel sees it");
	tap_is(poke(~0ul), E_RANGE, "nor the last byte");
	tap_is(poke(MEGA - EXO_PAGE_SIZE), E_NOTMAPPED, "nothing is mapped there");
}

/* The page, mapped again with `rights` of a share that has `most`. */
static uint64_t
mapped(uint64_t most, uint64_t rights)
{
	struct exo_cap_info info;
	exo_handle child;
	uint64_t address = 0;

	exo_inspect(other.frames, 0, &info);
	child = (exo_handle)exo_share(other.frames, free_slot(), info.start, 1, most, 0);
	exo_vm_map(exo_own_vm(), child, 0, 1, rights, &address);
	return address;
}

static void
check_ceiling(void)
{
	uint64_t reader = mapped(EXO_READ, EXO_READ);
	uint64_t code = mapped(EXO_READ | EXO_WRITE | EXO_EXEC, EXO_READ | EXO_EXEC);
	uint64_t fixed = mapped(EXO_READ | EXO_EXEC, EXO_READ | EXO_EXEC);
	uint64_t before;

	*at(other.page) = 1;
	tap_is(poke(reader), E_RIGHTS, "what it can only read is not written");
	tap_is(poke(fixed), E_RIGHTS, "nor code that it could not write");
	tap_is(poke((uint64_t)exo_sysinfo()), E_RIGHTS, "nor the page of the kernel");
	tap_is((int64_t)*at(other.page), 1, "nothing has changed");
	tap_is(poke(code), 8, "code that it could write is");
	tap_ok(*at(other.page) == WORD, "and stands there");
	before = attempted.count;
	attempt_store(code);
	tap_ok(attempt_excepted(before, EXO_CAUSE_STORE_PAGE, 0), "but still cannot be stored to");
	exo_protect(other.page, 1, 0, NULL, EXO_NONE);
	tap_is(poke(other.page), 8, "what it could make writable is written");
	before = attempted.count;
	attempt_load(other.page);
	tap_ok(attempt_excepted(before, EXO_CAUSE_LOAD_PAGE, 0), "and is no easier to read");
	exo_unmap(other.page, 1, 0, NULL, EXO_NONE);
	tap_is(poke(other.page), E_NOTMAPPED, "what is unmapped is not written");
	exo_map(other.page, EXO_NONE, WORD, 1, 0, NULL, EXO_NONE);
	tap_is(poke(other.page), E_NOTMAPPED, "nor is a note a page");
}

static void
check_objects(void)
{
	exo_handle table, table_memory;
	uint64_t uarea = EXO_UAREA_BASE + 64 * EXO_PAGE_SIZE + THREADS_MAX / 2 * EXO_PAGE_SIZE;
	uint64_t address = 0;

	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, &table_memory);
	tap_is(exo_vm_map(exo_own_vm(), table, 0, 1, EXO_READ, &address), 0,
	       "a page table is looked at");
	tap_is(poke(address), E_RIGHTS, "and not written");
	tap_is(exo_vm_map(exo_own_vm(), exo_boot()->windows[0], 0, 1, EXO_READ | EXO_WRITE,
			  &address),
	       0, "registers of a device are mapped");
	tap_is(poke(address), E_NOTMAPPED, "and not written for somebody else");
	exo_vm_map_at(exo_own_vm(), uarea, other.env, 0, 1, EXO_READ | EXO_WRITE);
	tap_is(poke(uarea + EXO_U_LIBRARY), 8, "a u-area is its own to write");
}

static volatile uint64_t spins;

static void
spin(void)
{
	for (;;) {
		spins++;
	}
}

/* Started and stopped without end, on the other hart, while it is written: only when it stands. */
static void
check_running(void)
{
	struct exo_context context = {.pc = (uint64_t)spin};
	uint32_t stood = 0, ran = 0, wrong = 0;

	exo_env_write(other.env, &context);
	for (uint32_t i = 0; i < 200; i++) {
		int64_t result;

		exo_env_start(other.env);
		result = exo_env_poke(other.control, (uint64_t)&spins, &(uint64_t){0}, 8);
		wrong += result != E_STATE;
		ran += result == E_STATE;
		exo_env_stop(other.env);
		result = exo_env_poke(other.control, (uint64_t)&spins, &(uint64_t){i}, 8);
		stood += result == 8 && spins == i;
	}
	tap_is(ran, 200, "one that runs on another hart is never written");
	tap_is(stood, 200, "one that is stopped always, and it stays so");
	tap_is(wrong, 0, "there is nothing between");
}

static void
check_end(void)
{
	exo_drop(other.env, 0, 0);
	tap_is(poke((uint64_t)&spins), E_HANDLE, "whose ENV is gone has no memory");
}

int
main(void)
{
	tap_plan(7 + 11 + 11 + 5 + 3 + 1);
	exo_on_exception(attempt_handler);
	make();
	check_rights();
	check_writing();
	check_ceiling();
	check_objects();
	check_running();
	check_end();
	return tap_end();
}
