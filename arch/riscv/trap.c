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

extern uint8_t trap_user[], trap_kernel[];

/* vector.S counts from tp. */
static uint64_t
tp_of(struct arch_env *a)
{
	return (uint64_t)a + ARCH_ENV_BYTES;
}

uint64_t
trap_from_user(uint64_t cause, uint64_t tval)
{
	struct arch_env *a = arch_current();

	if (cause & SCAUSE_INTERRUPT) {
		return tp_of(kern_interrupt(a));
	}
	return tp_of(kern_fault(a, cause, tval));
}

uint64_t
trap_resume(void)
{
	return tp_of(kern_resume(arch_current()));
}

uint64_t
trap_after_call(int64_t result, uint64_t action)
{
	return tp_of(kern_after_call(arch_current(), result, (uint32_t)action));
}

void
trap_from_kernel(uint64_t cause, uint64_t pc, uint64_t tval, uint64_t sp, uint64_t ra)
{
	if (tval - STACKS_BASE < CONFIG_MAX_HARTS * KERNEL_STACK_STRIDE) {
		panic("a kernel stack is too short: pc 0x%lx, tval 0x%lx, sp 0x%lx, ra 0x%lx", pc,
		      tval, sp, ra);
	}
	panic("trap in the kernel: cause %lu at pc 0x%lx, tval 0x%lx, sp 0x%lx, ra 0x%lx", cause,
	      pc, tval, sp, ra);
}

void
arch_fp_switch(struct arch_env *previous, struct arch_env *next)
{
	if (previous && previous->fp && (csr_read_sstatus() & SSTATUS_FS) == SSTATUS_FS) {
		fp_save(tp_of(previous));
	}
	csr_clear_sstatus(SSTATUS_FS);
	if (next && next->fp) {
		csr_set_sstatus(SSTATUS_FS_INITIAL);
		fp_load(tp_of(next));
		csr_clear_sstatus(SSTATUS_FS);
		csr_set_sstatus(SSTATUS_FS_CLEAN);
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
arch_env_init(struct arch_env *a, uint32_t hart, const void *table_end, uint64_t uarea, bool fp)
{
	a->stack = cpu_stack_end(hart);
	a->table = (uint64_t)table_end;
	a->vec_user = (uint64_t)trap_user;
	a->vec_kernel = (uint64_t)trap_kernel;
	a->uarea = uarea;
	a->fp = fp;
}

void
arch_enter(struct arch_env *a)
{
	trap_enter(tp_of(a));
}
