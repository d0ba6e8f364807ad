/* SPDX-License-Identifier: MIT
 * hostile_s08_unknown.c: S8: a call that there is not, and a type, flag, operation or right that a
 * call does not know, is an error and has no effect; any other a7 is an exception of the program.
 *
 * boot: init SMP=1
 */
#include "test/boot/attempt.h"

#define SYSCALL(nr, name) [nr] = true,
static const bool known[EXO_CALLS_MAX + 1] = {
#include <exo/syscalls.def>
};

static int64_t
ecall(uint64_t number)
{
	register uint64_t a0 __asm__("a0") = 7;
	register uint64_t a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a7)
			 :
			 : "a1", "a2", "a3", "a4", "a5", "a6", "t0", "t1", "t2", "t3", "t4", "t5",
			   "t6", "memory");
	return (int64_t)a0;
}

static void
check_numbers(void)
{
	static const uint64_t foreign[] = {
		0,          1,         64,         93,         ~64ul, /* -65 */
		~0ul << 32, 1ul << 63, 0x7fffffff, 0xffffffff, 0xffffffc0};
	uint64_t before = attempted.count, excepted = 0;
	uint32_t wrong = 0, unknown = 0;

	for (uint64_t nr = 1; nr <= EXO_CALLS_MAX; nr++) {
		if (!known[nr]) {
			wrong += ecall(-nr) != E_NOSYS;
			unknown++;
		}
	}
	tap_ok(unknown && !wrong, "%u numbers are no calls", unknown);
	tap_is((int64_t)(attempted.count - before), 0, "and no exceptions");
	for (uint32_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		wrong += ecall(foreign[i]) != 7;
		excepted += attempted.cause == EXO_CAUSE_ECALL;
	}
	tap_ok(!wrong && attempted.count - before == ARRAY_SIZE(foreign) &&
		       excepted == ARRAY_SIZE(foreign),
	       "any other number is an exception that keeps the registers");
}

/* Bits above those of entries and the number of further ones. Nothing is mapped at `address`. */
static uint32_t
count_taken(struct exo_pages *page, uint64_t address)
{
	uint64_t other = (uint64_t)page->memory;
	uint32_t taken = 0;

	for (uint32_t bit = 32; bit < 64; bit++) {
		uint64_t flags = EXO_READ | 1ul << bit;

		if (bit == 38 || bit == 39) { /* accessed and dirty, of a call that restarts */
			continue;
		}
		taken += exo_map(address, page->frames, 0, 1, flags, NULL, EXO_NONE) != E_INVAL;
		taken += exo_map(address, EXO_NONE, 7, 1, 1ul << bit, NULL, EXO_NONE) != E_INVAL;
		taken += exo_protect(other, 1, flags, NULL, EXO_NONE) != E_INVAL;
		taken += exo_unmap(other, 1, flags, NULL, EXO_NONE) != E_INVAL;
	}
	return taken;
}

/* Bits of page-table entries that are the kernel's: valid, user, global. */
static void
check_flags(struct exo_pages *page)
{
	static const uint64_t flags[] = {0x1,
					 0x10,
					 0x20,
					 EXO_READ | 0x1,
					 EXO_READ | 0x10,
					 EXO_READ | 0x20,
					 EXO_EXEC | EXO_WRITE,
					 EXO_EXEC | EXO_WRITE | EXO_READ};
	uint64_t address;
	uint32_t wrong = 0;

	exo_vm_map(exo_own_vm(), page->frames, 0, 1, EXO_READ, &address);
	for (uint32_t i = 0; i < ARRAY_SIZE(flags); i++) {
		wrong += exo_protect(address, 1, flags[i], NULL, EXO_NONE) >= 0;
		wrong += flags[i] & 0x31 &&
			 exo_unmap(address, 1, flags[i], NULL, EXO_NONE) != E_INVAL;
	}
	exo_unmap(address, 1, 0, NULL, EXO_NONE);
	for (uint32_t i = 0; i < ARRAY_SIZE(flags); i++) {
		wrong += exo_map(address, page->frames, 0, 1, flags[i], NULL, EXO_NONE) >= 0;
	}
	wrong += exo_map(address, page->frames, 0, 1, 0, NULL, EXO_NONE) >= 0;
	wrong += count_taken(page, address);
	wrong += exo_map(address, page->frames, 0, 1, EXO_WRITE, NULL, EXO_NONE) >= 0;
	tap_is(wrong, 0, "no entry has flags that are the kernel's");
	tap_is(exo_map(address, page->frames, 0, 1, EXO_READ, NULL, EXO_NONE), 0,
	       "the address is still free");
}

static void
check_words(struct exo_pages *page)
{
	static const uint32_t wild[] = {0, 63, 64, 255, 256, 0x7fffffff, 0x80000000, ~0u};
	exo_handle console = exo_start()->console;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		wrong += exo_bind(wild[i], exo_start()->env, exo_start()->space, 0) != E_INVAL;
		wrong += exo_unbind(wild[i], exo_start()->env) != E_INVAL;
		wrong += exo_env_entry(EXO_NONE, wild[i], 0, 0) != E_INVAL;
		wrong += i && exo_power(console, wild[i]) != E_INVAL;
		wrong += exo_create(wild[i], page->frames, free_slot(), 0, 0) != E_TYPE;
		wrong += wild[i] > 62 &&
			 exo_env_supervisor(exo_start()->env, exo_start()->env, wild[i]) != E_INVAL;
		wrong += wild[i] > 62 &&
			 exo_bind(EXO_BIND_CONSOLE, console, EXO_NONE, wild[i]) != E_INVAL;
	}
	tap_is(wrong, 0, "nothing that has no meaning is taken");
	tap_is(exo_signal(exo_start()->env, 1ul << 63), E_INVAL, "nor is the event bit 63");
}

int
main(void)
{
	struct exo_pages page;

	tap_plan(7);
	exo_on_exception(attempt_handler);
	exo_pages_make(&page, 1);
	check_numbers();
	check_flags(&page);
	check_words(&page);
	return tap_end();
}
