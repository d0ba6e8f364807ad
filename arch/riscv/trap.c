/* SPDX-License-Identifier: MIT
 * trap.c: between the trap code and kern: sorts out what came, keeps address space and floating
 * point in step.
 *
 * Callers: vector.S only, interrupts off, on the hart's kernel stack. No state.
 */
#include <exo/errors.h>
#include "arch/arch.h"
#include "arch/riscv/cpu.h"
#include "arch/riscv/mmu.h"
#include "arch/riscv/pte.h"
#include "arch/riscv/trap.h"

_Static_assert(E_STATE == E_STATE_VALUE, "vector.S returns E_STATE");

extern uint8_t trap_user[], trap_kernel[], trap_traced_user[], trap_once_user[];
extern const uint64_t traced_table_end[];

/* What all contexts are given; constant after boot. */
static struct {
	uint64_t table;
	uint64_t vec_user;
	uint64_t vec_kernel;
} calls;
uint64_t trap_untraced; /* end of the real call table, for traced.S */

/* vector.S counts from tp. */
static uint64_t
tp_of(struct arch_env *a)
{
	return (uint64_t)a + ARCH_ENV_BYTES;
}

/* None of the three is inlined, so that each saves only the registers that it needs itself. */
struct arch_env *
trap_from_user(uint64_t cause, uint64_t tval)
{
	struct arch_env *a = arch_current();

	if (cause == (SCAUSE_INTERRUPT | SCAUSE_TIMER)) { /* last in order: no other is pending */
		return kern_timer(a);
	}
	if (cause & SCAUSE_INTERRUPT) {
		return kern_interrupt(a);
	}
	return kern_fault(a, cause, tval);
}

/* The next one goes the usual way. */
struct arch_env *
trap_once(uint64_t cause, uint64_t tval)
{
	struct arch_env *a = arch_current();

	a->vec_user = calls.vec_user;
	if (!(cause & SCAUSE_INTERRUPT)) {
		return kern_gone_on(a);
	}
	return calls.vec_user == (uint64_t)trap_user ? trap_from_user(cause, tval)
						     : trap_traced(cause, tval);
}

struct arch_env *
trap_resume(void)
{
	return kern_resume(arch_current());
}

struct arch_env *
trap_transfer(void)
{
	return kern_transfer(arch_current());
}

struct arch_env *
trap_traced(uint64_t cause, uint64_t tval)
{
	struct arch_env *a = arch_current();

	return cause & SCAUSE_INTERRUPT ? kern_traced_interrupt(a)
					: kern_traced_exception(a, cause, tval);
}

struct arch_env *
trap_traced_transfer(void)
{
	return kern_traced_transfer(arch_current());
}

struct arch_env *
trap_traced_after_call(int64_t result, uint64_t action)
{
	return kern_traced_leave(kern_after_call(arch_current(), result, (uint32_t)action));
}

struct arch_env *
trap_after_call(int64_t result, uint64_t action)
{
	return kern_after_call(arch_current(), result, (uint32_t)action);
}

void
trap_from_kernel(uint64_t cause, uint64_t pc, uint64_t tval, struct arch_registers *at)
{
	at->x[0] = pc;
	if (tval - STACKS_BASE < CONFIG_MAX_HARTS * KERNEL_STACK_STRIDE) {
		panic_at(at, "a kernel stack is too short: pc 0x%lx, tval 0x%lx", pc, tval);
	}
	panic_at(at, "trap in the kernel: cause %lu at pc 0x%lx, tval 0x%lx", cause, pc, tval);
}

/* Whose registers a hart loaded last, of which there is a note behind its stack; an environment
 * without floating point leaves them alone. */
static inline struct arch_env **
owner_at(const struct arch_env *a)
{
	return (struct arch_env **)a->stack;
}

static inline void
own_float(struct arch_env *a)
{
	*owner_at(a) = a;
	a->fp_at = a->stack;
}

static __attribute__((noinline)) void
enter_float(struct arch_env *next)
{
	if (*owner_at(next) != next || next->fp_at != next->stack) {
		csr_set_sstatus(SSTATUS_FS_INITIAL);
		fp_load(tp_of(next));
		csr_clear_sstatus(SSTATUS_FS);
		own_float(next);
	}
	csr_set_sstatus(SSTATUS_FS_CLEAN);
}

/* The registers are dirty, so FS is on; they may have come from another one, by a transfer of
 * control. */
static __attribute__((noinline)) void
switch_dirty(struct arch_env *previous, struct arch_env *next)
{
	fp_save(tp_of(previous));
	if (!previous->float_used) {
		arch_fp_used(previous);
	}
	if (next && next->fp && next != previous) {
		fp_load(tp_of(next));
		own_float(next);
		csr_clear_sstatus(SSTATUS_FS & ~SSTATUS_FS_CLEAN);
		return;
	}
	own_float(previous);
	csr_clear_sstatus(next && next->fp ? SSTATUS_FS & ~SSTATUS_FS_CLEAN : SSTATUS_FS);
}

void
arch_fp_switch(struct arch_env *previous, struct arch_env *next)
{
	if (previous && previous->fp && (csr_read_sstatus() & SSTATUS_FS) == SSTATUS_FS) {
		switch_dirty(previous, next);
		return;
	}
	csr_clear_sstatus(SSTATUS_FS);
	if (next && next->fp) {
		enter_float(next);
	}
}

void
arch_space_enter(const struct arch_env *a)
{
	if (csr_read_satp() != a->satp) {
		csr_write_satp(a->satp);
		if (!(a->satp & SATP_ASID_MASK)) {
			sfence_vma_all();
		}
	}
}

void
arch_space_leave(void)
{
	bool nameless = !(csr_read_satp() & SATP_ASID_MASK);

	csr_write_satp(mmu_satp());
	if (nameless) {
		sfence_vma_all();
	}
}

uint64_t
arch_satp(uint64_t root_physical, uint32_t asid)
{
	return SATP_SV39 | SATP_ASID(asid) | root_physical >> PAGE_SHIFT;
}

void
arch_calls(const void *table_end, bool traced)
{
	trap_untraced = (uint64_t)table_end;
	calls.table = traced ? (uint64_t)traced_table_end : trap_untraced;
	calls.vec_kernel = (uint64_t)trap_kernel;
	calls.vec_user = (uint64_t)(traced ? trap_traced_user : trap_user);
}

void
arch_trap_once(struct arch_env *a)
{
	a->vec_user = (uint64_t)trap_once_user;
}

void
arch_env_init(struct arch_env *a, uint32_t hart, uint64_t uarea, bool fp)
{
#pragma GCC unroll 32
	for (uint32_t i = 0; i < 32; i++) { /* registers begin as zeros, */
		a->x[i] = 0;
	}
	if (fp) { /* without floating point nobody looks at f */
#pragma GCC unroll 32
		for (uint32_t i = 0; i < 32; i++) {
			a->f[i] = 0;
		}
		a->fcsr = 0;
		a->fp_at = 0;
		a->float_used = 0;
	}
	a->window = 0;
	a->handler = 0;
	a->slots = 0; /* the first transfer goes the long way, which sets up the short one */
	a->token = 0;
	a->open = 0;
	a->rested = 0;
	a->nap = 0;
	a->callee = 0;
	a->back = 0;
	a->stack = cpu_stack_end(hart);
	a->table = calls.table;
	a->vec_user = calls.vec_user;
	a->vec_kernel = calls.vec_kernel;
	a->uarea = uarea;
	a->fp = fp;
}

void
arch_env_move(struct arch_env *a, uint32_t hart)
{
	a->stack = cpu_stack_end(hart);
}

void
arch_enter(struct arch_env *a)
{
	trap_enter(tp_of(a));
}
