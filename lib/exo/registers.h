/* SPDX-License-Identifier: MIT
 * registers.h: the registers in a struct exo_context by number, as rv_register_name has them. Pure.
 */
#ifndef LIB_EXO_REGISTERS_H
#define LIB_EXO_REGISTERS_H

#include <exo/types.h>

#include "lib/base/rv.h"

/* Register `index`, 0 to 31; pc has the place of x0. */
static inline uint64_t
exo_register_value(const struct exo_context *context, uint32_t index)
{
	return index ? context->x[index] : context->pc;
}

#endif
