/* SPDX-License-Identifier: MIT
 * call.h: one typed inline stub per system call: int64_t exo_NAME(arguments as in
 * <exo/syscalls.def>).
 *
 * Generated from syscalls.def, same order of arguments; the manual page of each call stands
 * there. The result is non-negative or a negative enum exo_error. exo_carve2 also returns where
 * the range ends that is in the way (E_TAKEN), exo_revoke2 how many transfers are (E_BUSY),
 * exo_code_load2 what is wrong with a program. RISC-V only: files that also build on the host do
 * not include this header.
 */
#ifndef LIB_EXO_CALL_H
#define LIB_EXO_CALL_H

#include <exo/syscalls.h>

#include "lib/exo/riscv/ecall.h"

#define SYSCALL0(nr, name)                                                                         \
	static inline int64_t exo_##name(void)                                                     \
	{                                                                                          \
		return exo_ecall0(nr).value;                                                       \
	}
#define SYSCALL1(nr, name, t0, n0)                                                                 \
	static inline int64_t exo_##name(t0 n0)                                                    \
	{                                                                                          \
		return exo_ecall1(nr, (uint64_t)n0).value;                                         \
	}
#define SYSCALL2(nr, name, t0, n0, t1, n1)                                                         \
	static inline int64_t exo_##name(t0 n0, t1 n1)                                             \
	{                                                                                          \
		return exo_ecall2(nr, (uint64_t)n0, (uint64_t)n1).value;                           \
	}
#define SYSCALL3(nr, name, t0, n0, t1, n1, t2, n2)                                                 \
	static inline int64_t exo_##name(t0 n0, t1 n1, t2 n2)                                      \
	{                                                                                          \
		return exo_ecall3(nr, (uint64_t)n0, (uint64_t)n1, (uint64_t)n2).value;             \
	}
#define SYSCALL4(nr, name, t0, n0, t1, n1, t2, n2, t3, n3)                                         \
	static inline int64_t exo_##name(t0 n0, t1 n1, t2 n2, t3 n3)                               \
	{                                                                                          \
		return exo_ecall4(nr, (uint64_t)n0, (uint64_t)n1, (uint64_t)n2, (uint64_t)n3)      \
			.value;                                                                    \
	}
#define SYSCALL5(nr, name, t0, n0, t1, n1, t2, n2, t3, n3, t4, n4)                                 \
	static inline int64_t exo_##name(t0 n0, t1 n1, t2 n2, t3 n3, t4 n4)                        \
	{                                                                                          \
		return exo_ecall5(nr, (uint64_t)n0, (uint64_t)n1, (uint64_t)n2, (uint64_t)n3,      \
				  (uint64_t)n4)                                                    \
			.value;                                                                    \
	}
#define SYSCALL6(nr, name, t0, n0, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                         \
	static inline int64_t exo_##name(t0 n0, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5)                 \
	{                                                                                          \
		return exo_ecall6(nr, (uint64_t)n0, (uint64_t)n1, (uint64_t)n2, (uint64_t)n3,      \
				  (uint64_t)n4, (uint64_t)n5)                                      \
			.value;                                                                    \
	}
#define SYSCALL7(nr, name, t0, n0, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                 \
	static inline int64_t exo_##name(t0 n0, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6)          \
	{                                                                                          \
		return exo_ecall7(nr, (uint64_t)n0, (uint64_t)n1, (uint64_t)n2, (uint64_t)n3,      \
				  (uint64_t)n4, (uint64_t)n5, (uint64_t)n6)                        \
			.value;                                                                    \
	}
#define TRANSFER(nr, name) /* transfer.h */
#include <exo/syscalls.def>

/* exo_carve with its second result: after E_TAKEN the end of what is in the way, else 0. */
static inline struct exo_result
exo_carve2(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
	   uint64_t badge)
{
	return exo_ecall6(EXO_NR_carve, parent, slot, start, count, rights, badge);
}

/* exo_revoke with its second result: after E_BUSY how many transfers it waits for, else 0. */
static inline struct exo_result
exo_revoke2(exo_handle capability, uint64_t start, uint64_t count)
{
	return exo_ecall3(EXO_NR_revoke, capability, start, count);
}

/* exo_sleep with its second result: what the predicate returned. */
static inline struct exo_result
exo_sleep2(uint64_t mask, uint64_t deadline)
{
	return exo_ecall2(EXO_NR_sleep, mask, deadline);
}

/* exo_code_load with its second result: after E_FORMAT the first bad instruction | reason << 32
 * (enum exo_code_refusal). */
static inline struct exo_result
exo_code_load2(exo_handle code, const struct exo_code *program)
{
	return exo_ecall2(EXO_NR_code_load, code, (uint64_t)program);
}

#endif
