/* SPDX-License-Identifier: MIT
 * filter.c: the merged filter, in C and compiled, against filters one by one; filters, changes and
 * packets drawn from the fuzzer's bytes.
 *
 * links: kern/net/canon.c kern/net/slab.c kern/net/values.c kern/net/trie.c kern/net/trie_walk.c
 * links: kern/net/trie_check.c kern/net/trie_apart.c kern/net/trie_path.c kern/net/shape.c
 * links: kern/net/filter.c
 * links: lib/base/disjoint.c arch/riscv/jit_trie.c test/model/filter_world.c
 * links: test/model/filter_draw.c
 * links: test/model/filter_rv64.c; libs:
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "test/fuzz/fuzz.h"
#include "test/model/filter_rv64.h"
#include "test/model/filter_world.h"

static struct filter_world world;
static struct filter_rv64 machine;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct bytes from = {.next = data, .end = data + bytes};
	const char *wrong = NULL;

	filter_world_init(&world, bytes_draw, &from, bytes % 4 ? WORLD_MEMORY_BYTES : 4096);
	filter_world_compiled(&world, &machine);
	while (from.next < from.end && !wrong) {
		wrong = filter_world_step(&world);
	}
	wrong = wrong ? wrong : filter_world_end(&world);
	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	return 0;
}
