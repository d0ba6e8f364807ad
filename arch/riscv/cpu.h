/* SPDX-License-Identifier: MIT
 * cpu.h: what assembly calls in cpu.c, and what cpu.c finds in assembly.
 */
#ifndef ARCH_RISCV_CPU_H
#define ARCH_RISCV_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include "arch/riscv/frame.h"

/* From entry.S: the first hart, and the others. */
void arch_boot(uint64_t hartid, uint64_t device_tree, uint64_t load);
void arch_boot_other(uint64_t hartid, uint64_t number);

/* Top of the kernel stack of a hart. Behind it stand two words of the hart's own, of which the
 * first is trap.c's. */
static inline uint64_t
cpu_stack_end(uint32_t hart)
{
	return STACKS_BASE + (hart + 1ul) * KERNEL_STACK_STRIDE - 16;
}

/* probe.S: true if stimecmp can be read here (Sstc). */
bool cpu_probe_stimecmp(void);
/* probe.S: control registers that not every hart has, to what the kernel takes for granted. */
void cpu_clear_optional(void);
/* probe.S: false if a load of 4 and one of 1 byte both fault there. */
bool cpu_probe_registers(uintptr_t address);
/* probe.S: false if a store of 4 bytes faults there. */
bool cpu_probe_store(uintptr_t address);

#endif
