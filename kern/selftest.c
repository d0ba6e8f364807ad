/* SPDX-License-Identifier: MIT
 * selftest.c: provoke what must never happen, to see that the machine then ends with a word.
 *
 *   chitin.selftest=panic   a broken invariant
 *   chitin.selftest=trap    a trap in the kernel
 *   chitin.selftest=twice   a trap while a panic is printed
 *   chitin.selftest=stack   a kernel stack that is too short: its guard page
 *   chitin.selftest=late    a broken invariant when power off is asked for, so after a life
 * Callers: boot, when everything stands; the call `power`.
 */
#include "kern/selftest.h"
#include "arch/arch.h"
#include "kern/boot.h"
#include "kern/console.h"
#include "kern/dev/uart.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define OPTION     "chitin.selftest="
#define DEEP_BYTES (5 * PAGE_SIZE) /* more than a stack has, less than it and its guard */

static void
provoke_panic(void)
{
	panic("asked for by the boot arguments");
}

static void
provoke_trap(void)
{
	volatile uintptr_t nowhere = 8; /* for the compiler, it could be anywhere */

	mmio_write32(nowhere, 1);
}

static void
provoke_second_trap(void)
{
	static struct uart broken;

	console_attach(&broken); /* its operations are none: this traps, and so does each print */
}

static void
provoke_overflow(void)
{
	volatile uint8_t deep[DEEP_BYTES];

	deep[0] = 1;
	(void)deep[0];
}

static bool is_late;

static void
provoke_later(void)
{
	is_late = true;
}

void
selftest_power(void)
{
	if (is_late) {
		panic("asked for by the boot arguments, at the end");
	}
}

static const struct {
	const char *name;
	void (*provoke)(void);
} tests[] = {
	{"panic", provoke_panic},    {"trap", provoke_trap},  {"twice", provoke_second_trap},
	{"stack", provoke_overflow}, {"late", provoke_later},
};

/* Not inlined: a backtrace is to have a call in it that is certain. */
__attribute__((noinline)) void
selftest_run(const char *arguments)
{
	size_t bytes = 0;
	const char *value = boot_option(arguments, OPTION, &bytes);

	if (!value) {
		return;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(tests); i++) {
		if (strlen(tests[i].name) == bytes && strncmp(value, tests[i].name, bytes) == 0) {
			tests[i].provoke();
			if (is_late) {
				return;
			}
			boot_fail(OPTION "%s: the kernel survives it", tests[i].name);
		}
	}
	boot_fail(OPTION " must be one of panic, trap, twice, stack, late");
}
