/* SPDX-License-Identifier: MIT
 * attempt.h: one forbidden access at a time, and the exception that it must be.
 *
 *   exo_on_exception(attempt_handler); before = attempted.count; attempt_store(address);
 *   tap_ok(attempt_excepted(before, EXO_CAUSE_STORE_PAGE, 0), "...");
 */
#ifndef TEST_BOOT_ATTEMPT_H
#define TEST_BOOT_ATTEMPT_H

#include "test/boot/hostile.h"

static struct {
	volatile uint64_t count, cause, tval;
	volatile uint64_t back; /* where to go on; 0: behind the instruction */
} attempted;

static inline int
attempt_handler(struct exo_fault *fault)
{
	attempted.count++;
	attempted.cause = fault->cause;
	attempted.tval = fault->tval;
	fault->pc = attempted.back ? attempted.back : fault->pc + 4;
	return 0;
}

static inline void
attempt_load(uint64_t address)
{
	__asm__ volatile("ld zero, 0(%0)" : : "r"(address) : "memory");
}

static inline void
attempt_store(uint64_t address)
{
	__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%0)\n.option pop"
			 :
			 : "r"(address)
			 : "memory");
}

static inline void
attempt_swap(uint64_t address)
{
	__asm__ volatile("amoswap.d zero, zero, (%0)" : : "r"(address) : "memory");
}

static inline void
attempt_reserve(uint64_t address)
{
	__asm__ volatile("lr.d zero, (%0)" : : "r"(address) : "memory");
}

static inline void
attempt_jump(uint64_t address)
{
	__asm__ volatile("la t0, 1f\n"
			 "sd t0, %0\n"
			 "jalr t0, 0(%1)\n"
			 "1: sd zero, %0"
			 : "+m"(attempted.back)
			 : "r"(address)
			 : "t0", "memory");
}

/* True if the last attempt ended in one exception of one of these causes. */
static inline bool
attempt_excepted(uint64_t before, uint64_t cause, uint64_t other)
{
	return attempted.count == before + 1 &&
	       (attempted.cause == cause || attempted.cause == other);
}

#endif
