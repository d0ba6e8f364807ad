/* SPDX-License-Identifier: MIT
 * engines.c: fuzz target: what the compiler of downloaded code makes does what the interpreter
 * does, programs and memory drawn from the fuzzer's bytes. Around every region lies poison.
 *
 * links: arch/riscv/jit.c arch/riscv/jit_arithmetic.c arch/riscv/jit_jump.c
 * links: arch/riscv/jit_memory.c kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/engines.c test/model/engines_look.c test/model/engines_random.c
 * links: test/fake/rv64.c; libs:
 */
#include <stdio.h>
#include <stdlib.h>
#include "test/fuzz/fuzz.h"
#include "test/model/engines.h"

static struct engines engines;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct bytes from = {.next = data, .end = data + bytes};
	const char *failure = engines_random(&engines, bytes_draw, &from);

	if (failure) {
		engines_print(&engines);
		fprintf(stderr, "%s\n", failure);
		abort();
	}
	return 0;
}
