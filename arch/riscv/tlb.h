/* SPDX-License-Identifier: MIT
 * tlb.h: what this machine's TLBs are like.
 */
#ifndef ARCH_RISCV_TLB_H
#define ARCH_RISCV_TLB_H

/* Find out on this hart; each hart when it comes up, one at a time, before any space is made. */
void tlb_init(void);

#endif
