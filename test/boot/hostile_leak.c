/* SPDX-License-Identifier: MIT
 * hostile_leak.c: what an environment finds in its registers, floating point too, is its own: zeros
 * when it begins, never what another one left, also after switches, naps and exceptions, and with
 * wild sp, gp and tp when the traps come.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define MARK 0x7ea57ea57ea57ea5ul

static volatile uint64_t start_dirt[2], float_dirt[2], marked[2], wild_turns[2];

/* Called as the first of its life: ORs all registers but pc, sp, tp and a0, which it was given. */
static __attribute__((naked)) void
look_body(__attribute__((unused)) uint64_t index)
{
	__asm__ volatile("or t0, t0, t1\n or t0, t0, t2\n or t0, t0, ra\n or t0, t0, gp\n or t0, "
			 "t0, s0\n or t0, t0, s1\n"
			 "or t0, t0, a1\n or t0, t0, a2\n or t0, t0, a3\n or t0, t0, a4\n or t0, "
			 "t0, a5\n or t0, t0, a6\n"
			 "or t0, t0, a7\n or t0, t0, s2\n or t0, t0, s3\n or t0, t0, s4\n or t0, "
			 "t0, s5\n or t0, t0, s6\n"
			 "or t0, t0, s7\n or t0, t0, s8\n or t0, t0, s9\n or t0, t0, s10\n or t0, "
			 "t0, s11\n or t0, t0, t3\n"
			 "or t0, t0, t4\n or t0, t0, t5\n or t0, t0, t6\n"
			 "mv a1, t0\n li a2, 0\n"
			 ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, "
			 "18, 19, 20, 21, 22, 23, 24, 25, 26, "
			 "27, 28, 29, 30, 31\n fmv.x.d t1, f\\n\n or a2, a2, t1\n .endr\n"
			 "frcsr t1\n or a2, a2, t1\n j look_tell");
}

/* What look_body found; the first bit says that it looked. */
__attribute__((used)) void look_tell(uint64_t index, uint64_t dirt, uint64_t floats);
void
look_tell(uint64_t index, uint64_t dirt, uint64_t floats)
{
	start_dirt[index] = dirt | 1;
	float_dirt[index] = floats | 1;
	exo_exit(0);
}

/* Fills the floating-point registers, lets others run, and counts how often they were still the
 * same. */
static void
mark_body(uint64_t index)
{
	uint64_t mark = MARK + index;

	for (;;) {
		uint64_t dirt;

		__asm__ volatile(".irp n, 0, 1, 7, 15, 16, 31\n fmv.d.x f\\n, %0\n .endr"
				 :
				 : "r"(mark));
		if (marked[index] & 1) {
			exo_yield(EXO_NONE);
		} else {
			exo_sleep(0, exo_ticks() + 10);
		}
		__asm__ volatile("li %0, 0\n .irp n, 0, 1, 7, 15, 16, 31\n fmv.x.d t0, f\\n\n xor "
				 "t0, t0, %1\n or %0, %0, t0\n .endr"
				 : "=&r"(dirt)
				 : "r"(mark)
				 : "t0");
		if (dirt) {
			float_dirt[index] |= 2;
			exo_exit(1);
		}
		marked[index]++;
	}
}

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
	struct hostile_thread mark[2], look[2], wild[2];
	struct exo_context end = {0};

	tap_plan(13);
	for (uint32_t i = 0; i < 2; i++) {
		hostile_thread_start(&mark[i], 0, mark_body, i);
		hostile_thread_start(&wild[i], i, wild_body, i);
	}
	exo_pause(300000000);
	for (uint32_t i = 0; i < 2; i++) {
		hostile_thread_start(&look[i], 0, look_body, i);
	}
	exo_pause(300000000);
	for (uint32_t i = 0; i < 2; i++) {
		tap_is((int64_t)start_dirt[i], 1, "a new environment finds zeros in its registers");
		tap_is((int64_t)float_dirt[i], 1, "and in its floating-point registers");
		tap_ok(marked[i] > 10, "one beside it kept its own %lu times",
		       (unsigned long)marked[i]);
		tap_ok(wild_turns[i] > 10, "one with a wild stack trapped %lu times",
		       (unsigned long)wild_turns[i]);
		exo_env_stop(wild[i].env);
		exo_env_read(wild[i].env, &end);
		tap_ok(end.pc < EXO_USER_END, "and is still in its program");
		exo_env_stop(mark[i].env);
	}
	exo_env_read(mark[0].env, &end);
	tap_is((int64_t)end.death.kind, EXO_DEATH_NONE, "no register was lost");
	tap_ok(end.f[31] == MARK || !end.f[31], "a stopped one shows its own");
	exo_env_read(mark[1].env, &end);
	tap_ok(end.f[31] == MARK + 1 || !end.f[31], "and so does the other");
	return tap_end();
}
