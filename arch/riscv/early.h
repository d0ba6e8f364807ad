/* SPDX-License-Identifier: MIT
 * early.h: page tables that carry the kernel from the firmware to its own map.
 */
#ifndef ARCH_RISCV_EARLY_H
#define ARCH_RISCV_EARLY_H

#include <stdint.h>

#define EARLY_TREE_BASE (0xffffffc000000000ul + (300ul - 256) * (1ul << 30))

/* Build them for an image loaded at physical `load` and a device tree at physical `device_tree`;
 * returns satp. Called by entry.S only. */
uint64_t early_tables(uint64_t load, uint64_t device_tree);

#endif
