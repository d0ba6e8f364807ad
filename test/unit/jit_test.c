/* SPDX-License-Identifier: MIT
 * jit_test.c: the compiler of downloaded code against the interpreter.
 *
 * LONG=1 runs 10^7 random programs instead of 10^5; SEED=n others.
 * links: arch/riscv/jit.c arch/riscv/jit_arithmetic.c arch/riscv/jit_jump.c
 * links: arch/riscv/jit_memory.c kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/engines.c test/model/engines_look.c test/model/engines_random.c
 * links: test/fake/rv64.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "lib/base/bpf.h"
#include "test/model/engines.h"

static struct engines e;

/* splitmix64 */
static uint64_t
draw(void *state, uint64_t limit)
{
	uint64_t z = *(uint64_t *)state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % limit;
}

static void
random_programs(void **unused)
{
	uint32_t programs = getenv("LONG") ? 10000000 : 100000;
	uint64_t first = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 1;

	(void)unused;
	for (uint64_t n = first << 32; n < (first << 32) + programs; n++) {
		uint64_t state = n;
		const char *failure = engines_random(&e, draw, &state);

		if (failure) {
			engines_print(&e);
			fail_msg("program %#llx: %s", (unsigned long long)n, failure);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
