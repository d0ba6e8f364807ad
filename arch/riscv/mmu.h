/* SPDX-License-Identifier: MIT
 * mmu.h: what the rest of arch/riscv needs to know of the kernel's address space.
 */
#ifndef ARCH_RISCV_MMU_H
#define ARCH_RISCV_MMU_H

#include <stdint.h>
#include <exo/types.h>

/* The image was loaded at physical `load`. First of all. */
void mmu_init(uint64_t load);
/* satp of the kernel's own space: no user half. */
uint64_t mmu_satp(void);
/* Physical address of something in the image. */
uint64_t mmu_image_physical(const void *symbol);

/* Find out whether this hart sets accessed and dirty bits; one hart at a time, at boot. */
void mmu_probe_ad(void);

/* copy.S: 0, or 1 when an access faulted. The ranges lie in the user half. */
int64_t user_copy_in(void *to, uint64_t from, uint64_t bytes);
int64_t user_copy_out(uint64_t to, const void *from, uint64_t bytes);

#endif
