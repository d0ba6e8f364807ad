/* SPDX-License-Identifier: MIT
 * cap.c: the capability tree against its model, the operations drawn from the fuzzer's bytes.
 *
 * links: kern/cap.c kern/sibling.c kern/revoke.c kern/cap_check.c test/model/cap_model.c
 * links: test/model/cap_world.c test/model/cap_ops.c test/model/cap_revoker.c; libs:
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "kern/panic.h"
#include "test/fuzz/fuzz.h"
#include "test/model/cap_world.h"

static uint8_t ram[WORLD_PAGES * EXO_PAGE_SIZE] __attribute__((aligned(8192)));
static struct world world;

void
panic(const char *format, ...)
{
	fprintf(stderr, "panic: %s\n", format);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct bytes from = {.next = data, .end = data + bytes};

	world_init(&world, ram);
	while (from.next < from.end) {
		const char *failure = world_step(&world, bytes_draw, &from);
		if (failure) {
			fprintf(stderr, "%s\n", failure);
			abort();
		}
	}
	return 0;
}
