/* SPDX-License-Identifier: MIT
 * hostile_s20_registers.c: S20: an environment begins with zeros in all registers it was not
 * given, floating-point registers too; no call leaves it a register of the kernel or changes one
 * of its own.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define LOOKERS 2

static volatile uint64_t start_dirt[LOOKERS], float_dirt[LOOKERS];

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

/* Call number nr with wild arguments; returns the OR of all registers that the ABI says come back
 * 0, and of the changes in those it says are kept. */
static uint64_t
dirt_of_call(int64_t nr)
{
	register uint64_t a0 __asm__("a0") = (uint64_t)-nr;

	__asm__ volatile("mv a7, a0\n"
			 "li t0, 0x5555\n mv t1, t0\n mv t2, t0\n mv t3, t0\n mv t4, zero\n mv t5, "
			 "zero\n mv t6, zero\n"
			 "mv s2, t0\n mv s3, t0\n mv s4, t0\n mv s5, t0\n mv s6, t0\n mv s7, t0\n "
			 "mv s8, t0\n mv s9, t0\n"
			 "mv s10, t0\n mv s11, t0\n mv s1, sp\n fmv.d.x ft3, t0\n fmv.d.x fs3, t0\n"
			 "li a0, -1\n mv a1, a0\n mv a2, a0\n mv a3, a0\n mv a4, a0\n mv a5, a0\n "
			 "mv a6, a0\n"
			 "ecall\n"
			 "mv a0, a2\n or a0, a0, a3\n or a0, a0, a4\n or a0, a0, a5\n or a0, a0, "
			 "a6\n or a0, a0, a7\n"
			 "or a0, a0, a1\n"
			 "or a0, a0, t0\n or a0, a0, t1\n or a0, a0, t2\n or a0, a0, t3\n or a0, "
			 "a0, t4\n or a0, a0, t5\n or a0, a0, t6\n"
			 "li t0, 0x5555\n"
			 "xor s2, s2, t0\n or a0, a0, s2\n xor s3, s3, t0\n or a0, a0, s3\n xor "
			 "s4, s4, t0\n or a0, a0, s4\n"
			 "xor s5, s5, t0\n or a0, a0, s5\n xor s6, s6, t0\n or a0, a0, s6\n xor "
			 "s7, s7, t0\n or a0, a0, s7\n"
			 "xor s8, s8, t0\n or a0, a0, s8\n xor s9, s9, t0\n or a0, a0, s9\n xor "
			 "s10, s10, t0\n or a0, a0, s10\n"
			 "xor s11, s11, t0\n or a0, a0, s11\n xor s1, s1, sp\n or a0, a0, s1\n"
			 "fmv.x.d t1, ft3\n xor t1, t1, t0\n or a0, a0, t1\n fmv.x.d t1, fs3\n xor "
			 "t1, t1, t0\n or a0, a0, t1\n"
			 : "+r"(a0)
			 :
			 : "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4",
			   "t5", "t6", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",
			   "s11", "ft3", "fs3", "memory");
	return a0;
}

static void
check_registers(void)
{
	uint64_t dirty = 0;

	/* send, reply and call hand registers over: hostile_s45_call */
	for (int64_t nr = 1; nr < EXO_NR_send; nr++) {
		uint64_t dirt = nr == EXO_NR_exit || nr == EXO_NR_sleep ? 0 : dirt_of_call(nr);

		if (dirt) {
			printf("# call %ld leaves 0x%lx\n", (long)nr, (unsigned long)dirt);
			dirty++;
		}
	}
	tap_is((int64_t)dirty, 0,
	       "no call leaves a register of the kernel or changes one of the caller");
}

/* Fills every register it can, for whoever comes next on this hart. */
static __attribute__((naked)) void
stain_body(__attribute__((unused)) uint64_t argument)
{
	__asm__ volatile("li t0, 0x7ea57ea5\n"
			 "1: .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, "
			 "18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			 "fmv.d.x f\\n, t0\n .endr\n"
			 "fscsr t0\n"
			 ".irp n, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, "
			 "26, 27, 28, 29, 30, 31\n mv x\\n, t0\n .endr\n"
			 "li a0, 0\n li a7, -17\n ecall\n li t0, 0x7ea57ea5\n j 1b");
}

static void
check_start(void)
{
	struct hostile_thread stain[LOOKERS], look;

	for (uint32_t i = 0; i < LOOKERS; i++) {
		hostile_thread_start(&stain[i], i, stain_body, 0);
	}
	exo_pause(100000000);
	for (uint32_t i = 0; i < LOOKERS; i++) {
		hostile_thread_start(&look, i, look_body, i);
		for (int tries = 0; tries < 1000 && !float_dirt[i]; tries++) {
			exo_pause(10000000);
		}
		tap_is((int64_t)start_dirt[i], 1, "a new environment finds zeros in its registers");
		tap_is((int64_t)float_dirt[i], 1, "and in its floating-point registers");
		exo_env_stop(stain[i].env);
	}
}

int
main(void)
{
	tap_plan(1 + 2 * LOOKERS);
	check_registers();
	check_start();
	return tap_end();
}
