/* SPDX-License-Identifier: MIT
 * hostile_s22_wild.c: S22: the kernel uses no register of its caller: traps of all kinds come
 * while sp, gp and tp point into the kernel, and nothing but the program's own values comes of it.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

static volatile uint64_t wild_turns[2];

/* Traps of all kinds while sp, gp and tp point into the kernel. */
static void
wild_body(uint64_t index)
{
	for (;;) {
		__asm__ volatile("mv s2, sp\n mv s3, tp\n li sp, %0\n mv tp, sp\n mv gp, sp\n"
				 "li s4, 3000\n 1: addi s4, s4, -1\n bnez s4, 1b\n"
				 "li a7, -1\n ecall\n"
				 "li a0, 0\n li a1, 0\n li a7, -15\n ecall\n"
				 "li a0, 0\n li a7, -17\n ecall\n"
				 "mv sp, s2\n mv tp, s3\n"
				 :
				 : "i"(KERNEL_DIRECT + 0x10000)
				 : "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2",
				   "t3", "t4", "t5", "t6", "s2", "s3", "s4", "memory");
		wild_turns[index]++;
	}
}

int
main(void)
{
	struct hostile_thread wild[2];
	struct exo_context end = {0};

	tap_plan(6);
	for (uint32_t i = 0; i < 2; i++) {
		hostile_thread_start(&wild[i], i, wild_body, i);
	}
	exo_pause(300000000);
	for (uint32_t i = 0; i < 2; i++) {
		tap_ok(wild_turns[i] > 10, "one with a wild stack trapped %lu times",
		       (unsigned long)wild_turns[i]);
		exo_env_stop(wild[i].env);
		exo_env_read(wild[i].env, &end);
		tap_ok(end.pc < EXO_USER_END, "and is still in its program");
		tap_is((int64_t)end.death.kind, EXO_DEATH_NONE, "and lives");
	}
	return tap_end();
}
