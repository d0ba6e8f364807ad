/* SPDX-License-Identifier: MIT
 * rv.h: what a backtrace and a dump of registers need to know of RISC-V: what a call calls, and the
 * names of the registers. Unprivileged ISA: jumps, compressed formats; calling convention, table
 * "Integer register convention". Pure.
 */
#ifndef LIB_BASE_RV_H
#define LIB_BASE_RV_H

#include <stdint.h>

#define RV_REGISTERS 32
#define RV_RA        1
#define RV_SP        2

/* What the call before address `back` calls: its target, 1 if that stands in a register, 0 if there
 * is no call. `last`: the 4 bytes before `back`, `before`: the 4 before these; 0 where there is no
 * code. */
uint64_t rv_call_target(uint64_t back, uint32_t before, uint32_t last);

/* Register `index`, 0 to 31: "pc", which has the place of x0, "ra", "sp", ... */
const char *rv_register_name(uint32_t index);

#endif
