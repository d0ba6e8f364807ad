/* SPDX-License-Identifier: MIT
 * syscall.c: fuzz target: sequences of system calls from several environments on two harts, with
 * their accesses, interrupts and devices in between; what must hold is in test/model/sys_world.h.
 *
 * The first byte says what the rest is: even, the numbers to draw, one after another; odd, the seed
 * of a long sequence.
 *
 * links: $(kernel-host-y) test/model/sys_world.c test/model/sys_args.c test/model/sys_ops.c
 * links: test/model/sys_code.c
 * links: test/model/sys_players.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 * fuzz: SECONDS=20 -max_len=4096 -len_control=0 -timeout=60 -detect_leaks=0
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/rand.h"
#include "test/model/sys_world.h"

#define STEPS_MAX  4000
#define SEED_STEPS 1500

struct input {
	const uint8_t *next;
	const uint8_t *end;
	uint64_t seed;
};

const char *__asan_default_options(void);
int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* The kernel has no heap. What the fuzzer frees need not be kept for long: that grew to 256 MB. */
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}

static uint64_t
draw_bytes(void *from, uint64_t limit)
{
	struct input *in = from;
	uint64_t value = 0;

	for (uint64_t range = 1; range < limit && range < 1ul << 32; range <<= 8) {
		value = value << 8 | (in->next < in->end ? *in->next++ : 0);
	}
	return value % limit;
}

static uint64_t
draw_seed(void *from, uint64_t limit)
{
	struct input *in = from;

	return rand_next(&in->seed) % limit;
}

int
LLVMFuzzerInitialize(int *count, char ***words)
{
	(void)count;
	(void)words;
	world_boot();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	bool seeded = bytes && data[0] & 1;
	struct input in = {.next = data + 1, .end = data + bytes, .seed = 1};
	struct draws d = {seeded ? draw_seed : draw_bytes, &in};

	if (!bytes) {
		return 0;
	}
	memcpy(&in.seed, data, bytes < 8 ? bytes : 8);
	world_reset();
	for (uint32_t i = 0; seeded ? i < SEED_STEPS : i < STEPS_MAX && in.next < in.end; i++) {
		world_step(&d);
		world_check();
	}
	world_end();
	return 0;
}
