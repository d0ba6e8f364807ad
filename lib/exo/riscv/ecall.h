/* SPDX-License-Identifier: MIT
 * ecall.h: the system-call instruction and the time counter.
 *
 * exo_ecallN(nr, a0, ...) passes the number as a7 = -nr and N words in a0.. (see
 * <exo/syscalls.def>). The kernel keeps s0-s11, sp, gp, tp, ra and the floating-point registers;
 * everything else is declared overwritten. After inlining a call is its argument moves, li and
 * ecall. Callers: lib/exo/call.h and time.h, nobody else.
 */
#ifndef LIB_EXO_RISCV_ECALL_H
#define LIB_EXO_RISCV_ECALL_H

#include <stdint.h>

struct exo_result {
	int64_t value;   /* a0: non-negative, or an error */
	uint64_t second; /* a1: of carve, revoke, code_load and sleep, see call.h; else 0 */
};

#define ECALL_TEMPORARIES    "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory"
#define ECALL_WORD(n, value) register uint64_t r##n __asm__("a" #n) = (value)

static inline struct exo_result
exo_ecall0(int nr)
{
	register uint64_t r0 __asm__("a0");
	register uint64_t r1 __asm__("a1");
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "=r"(r0), "=r"(r1), "+r"(r7)
			 :
			 : "a2", "a3", "a4", "a5", "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall1(int nr, uint64_t w0)
{
	ECALL_WORD(0, w0);
	register uint64_t r1 __asm__("a1");
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "=r"(r1), "+r"(r7)
			 :
			 : "a2", "a3", "a4", "a5", "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall2(int nr, uint64_t w0, uint64_t w1)
{
	ECALL_WORD(0, w0);
	ECALL_WORD(1, w1);
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1), "+r"(r7)
			 :
			 : "a2", "a3", "a4", "a5", "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall3(int nr, uint64_t w0, uint64_t w1, uint64_t w2)
{
	ECALL_WORD(0, w0);
	ECALL_WORD(1, w1);
	ECALL_WORD(2, w2);
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r7)
			 :
			 : "a3", "a4", "a5", "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall4(int nr, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	ECALL_WORD(0, w0);
	ECALL_WORD(1, w1);
	ECALL_WORD(2, w2);
	ECALL_WORD(3, w3);
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r7)
			 :
			 : "a4", "a5", "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall5(int nr, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4)
{
	ECALL_WORD(0, w0);
	ECALL_WORD(1, w1);
	ECALL_WORD(2, w2);
	ECALL_WORD(3, w3);
	ECALL_WORD(4, w4);
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r7)
			 :
			 : "a5", "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall6(int nr, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4, uint64_t w5)
{
	ECALL_WORD(0, w0);
	ECALL_WORD(1, w1);
	ECALL_WORD(2, w2);
	ECALL_WORD(3, w3);
	ECALL_WORD(4, w4);
	ECALL_WORD(5, w5);
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r7)
			 :
			 : "a6", ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

static inline struct exo_result
exo_ecall7(int nr, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4, uint64_t w5,
	   uint64_t w6)
{
	ECALL_WORD(0, w0);
	ECALL_WORD(1, w1);
	ECALL_WORD(2, w2);
	ECALL_WORD(3, w3);
	ECALL_WORD(4, w4);
	ECALL_WORD(5, w5);
	ECALL_WORD(6, w6);
	ECALL_WORD(7, -(int64_t)nr);

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6),
			   "+r"(r7)
			 :
			 : ECALL_TEMPORARIES);
	return (struct exo_result){(int64_t)r0, r1};
}

/* The `time` counter: ticks of sysinfo's timebase_hz. */
static inline uint64_t
exo_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}

#undef ECALL_WORD
#undef ECALL_TEMPORARIES
#endif
