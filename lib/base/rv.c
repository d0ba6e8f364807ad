/* SPDX-License-Identifier: MIT
 * rv.c: see rv.h.
 */
#include "lib/base/rv.h"

#define OPCODE(word) ((word)&0x7f)
#define RD(word)     ((word) >> 7 & 31)
#define RS1(word)    ((word) >> 15 & 31)
#define AUIPC        0x17
#define JALR         0x67
#define JAL          0x6f

static uint64_t
jal_target(uint64_t address, uint32_t word)
{
	int64_t far = ((int64_t)(int32_t)(word & 0x80000000) >> 11) | (word & 0xff000) |
		      (word >> 9 & 0x800) | (word >> 20 & 0x7fe);

	return address + (uint64_t)far;
}

/* Of a jalr: known if the auipc before it, at `address`, makes it. */
static uint64_t
jalr_target(uint64_t address, uint32_t before, uint32_t word)
{
	if (OPCODE(before) != AUIPC || RD(before) != RS1(word)) {
		return 1;
	}
	return address + (uint64_t)(int64_t)(int32_t)(before & 0xfffff000) +
	       (uint64_t)(int64_t)((int32_t)word >> 20);
}

uint64_t
rv_call_target(uint64_t back, uint32_t before, uint32_t last)
{
	uint32_t half = last >> 16;

	if (OPCODE(last) == JAL && RD(last) == RV_RA) {
		return jal_target(back - 4, last);
	}
	if (OPCODE(last) == JALR && RD(last) == RV_RA) {
		return jalr_target(back - 8, before, last);
	}
	return (half & 0xf07f) == 0x9002 && RD(half) ? 1 : 0; /* c.jalr */
}

static const char *const names[RV_REGISTERS] = {
	"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
	"a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
	"s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

const char *
rv_register_name(uint32_t index)
{
	return names[index];
}
