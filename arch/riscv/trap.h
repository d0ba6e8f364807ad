/* SPDX-License-Identifier: MIT
 * trap.h: what vector.S and fp.S call, and what they offer. tp is the trap code's view of an
 * environment, see frame.h.
 */
#ifndef ARCH_RISCV_TRAP_H
#define ARCH_RISCV_TRAP_H

#include <stdint.h>
#include "arch/arch.h"

/* From vector.S and transfer.S; all return the context to enter. */
struct arch_env *trap_from_user(uint64_t cause, uint64_t tval);
struct arch_env *trap_once(uint64_t cause, uint64_t tval);
struct arch_env *trap_resume(void);
struct arch_env *trap_transfer(void);
struct arch_env *trap_traced(uint64_t cause, uint64_t tval);
struct arch_env *trap_traced_transfer(void);
struct arch_env *trap_traced_after_call(int64_t result, uint64_t action);
struct arch_env *trap_after_call(int64_t result, uint64_t action);
_Noreturn void trap_from_kernel(uint64_t cause, uint64_t pc, uint64_t tval,
				struct arch_registers *at);

/* For traced.S: end of the call table that it stands in for. */
extern uint64_t trap_untraced;

/* In vector.S: continue with the whole context. */
_Noreturn void trap_enter(uint64_t tp);

/* In fp.S; sstatus.FS is not Off. */
void fp_save(uint64_t tp);
void fp_load(uint64_t tp);

#endif
