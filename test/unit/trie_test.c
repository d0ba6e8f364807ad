/* SPDX-License-Identifier: MIT
 * trie_test.c: canonical filters and their trie: by hand, and against filters one by one.
 *
 * links: kern/net/canon.c kern/net/slab.c kern/net/values.c kern/net/trie.c kern/net/trie_walk.c
 * links: kern/net/trie_check.c kern/net/trie_apart.c kern/net/shape.c kern/net/filter.c
 * links: lib/base/disjoint.c arch/riscv/jit_trie.c test/model/filter_world.c
 * links: test/model/filter_rv64.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "lib/base/rand.h"
#include "test/model/filter_rv64.h"
#include "test/model/filter_world.h"

static struct filter_world world;
static struct filter_rv64 machine;

static uint64_t
draw(void *seed, uint64_t limit)
{
	return (rand_next(seed) >> 20) % limit;
}

static void
run_worlds(uint32_t worlds, uint32_t steps, uint32_t bytes)
{
	uint64_t seed = 20261128 + bytes;
	uint32_t inserted = 0, matched = 0, proven = 0, known = 0, full = 0;

	for (uint32_t i = 0; i < worlds; i++) {
		const char *wrong = NULL;
		uint32_t n = 0;

		filter_world_init(&world, draw, &seed, bytes);
		filter_world_compiled(&world, &machine);
		for (; n < steps && !wrong; n++) {
			wrong = filter_world_step(&world);
		}
		wrong = wrong ? wrong : filter_world_end(&world);
		if (wrong) {
			fail_msg("world %u, step %u: %s", i, n, wrong);
		}
		inserted += world.inserted;
		matched += world.matched;
		proven += world.proven;
		known += world.known_disjoint;
		full += world.full;
	}
	print_message("stack %lu, in C %lu, shapes %u\n", machine.stack_used, machine.in_c,
		      world.shapes.used);
	print_message("%u inserted, %u matched, %u full, %u proven, %u by pairs\n", inserted,
		      matched, full, proven, known);
}

static void
as_one_by_one(void **state)
{
	(void)state;
	run_worlds(100, 400, WORLD_MEMORY_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
