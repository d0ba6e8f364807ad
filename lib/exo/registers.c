/* SPDX-License-Identifier: MIT
 * registers.c: names of the registers. Pure: builds on the host.
 */
#include "lib/exo/registers.h"

static const char *const names[EXO_REGISTERS] = {
	"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
	"a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
	"s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

const char *
exo_register_name(uint32_t index)
{
	return names[index];
}

uint64_t
exo_register_value(const struct exo_context *context, uint32_t index)
{
	return index ? context->x[index] : context->pc;
}
