/* SPDX-License-Identifier: MIT
 * registers.h: names of the registers in a struct exo_context (RISC-V calling convention, table
 * "Integer register convention"). Pure.
 */
#ifndef LIB_EXO_REGISTERS_H
#define LIB_EXO_REGISTERS_H

#include <exo/types.h>

#define EXO_REGISTERS 32

/* Register `index`, 0 to 31: "pc", which has the place of x0, "ra", "sp", ... */
const char *exo_register_name(uint32_t index);
uint64_t exo_register_value(const struct exo_context *context, uint32_t index);

#endif
