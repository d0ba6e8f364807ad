/* SPDX-License-Identifier: MIT
 * jit.h: what the parts of the compiler share: registers, how words and constants are put down.
 *
 * Which machine register does what is part of the argument in jit.c. Of registers whose number
 * has both bits 2:1 set, no instruction reads the first operand together with something that the
 * program chose.
 */
#ifndef ARCH_RISCV_JIT_H
#define ARCH_RISCV_JIT_H

#include "arch/jit.h"
#include "arch/riscv/encode.h"
#include "lib/base/bpf.h"

enum jit_register {
	JIT_FUEL = RV_A0,
	JIT_POOL = RV_A1,
	JIT_RUN = RV_A4,
	/* Scratch. A constant or an address is in JIT_A. */
	JIT_A = RV_T0,
	JIT_B = RV_T1,
	JIT_C = RV_T2,
	JIT_END = RV_A5,
	JIT_STACK = RV_S10, /* where r10 points, as an address */
	JIT_HOST = RV_S2,   /* and RV_S3: reach[]'s base registers, as addresses */
	JIT_ENDS = RV_S6,   /* and RV_S7: the ends of their regions, as addresses */
};
#define JIT_SAVED 0x0ffc0300u /* s0 to s11, which belong to the caller */
#define JIT_SMALL 31          /* larger constants do not stand in the code */

/* Where the ways out begin behind the program, in words. */
#define JIT_LIMIT 0
#define JIT_FAULT 2
#define JIT_DONE  4
#define JIT_OUT   6

/* The frame of a program that calls helpers; above lie the caller's registers. */
#define JIT_FRAME_RUN    0
#define JIT_FRAME_POOL   8
#define JIT_FRAME_RESULT 16
#define JIT_FRAME_BYTES  24

void jit_put(struct arch_jit *j, uint32_t word);
/* One of the formats R and I; `last` is rs2 or the constant. The registers come in here and not by
 * rv_NAME(), which takes 16 bytes of code more each time. */
void jit_op(struct arch_jit *j, uint32_t word, uint32_t rd, uint32_t rs1, int32_t last);
#define RV(name) rv_##name(0, 0, 0)

/* The machine register of a BPF register; it is then in use. */
uint32_t jit_register(struct arch_jit *j, uint32_t bpf);
/* Notes that the machine register is in use, and returns it. */
uint32_t jit_use(struct arch_jit *j, uint32_t machine);
/* Makes the machine register that number. */
void jit_set(struct arch_jit *j, uint32_t rd, uint64_t value);
/* A register that has this number: rd, or x0. */
uint32_t jit_constant(struct arch_jit *j, uint32_t rd, uint64_t value);
/* Bytes from here to the code of instruction `target`; in pass 0 any number. */
static inline int32_t
jit_distance(const struct arch_jit *j, uint32_t target)
{
	return 4 * (int32_t)(j->start + j->label[target] - j->words);
}

/* Goes to a way out; two words with jit_leave_unless, which goes unless rs1 < rs2. */
void jit_leave(struct arch_jit *j, uint32_t way);
void jit_leave_unless(struct arch_jit *j, uint32_t rs1, uint32_t rs2, uint32_t way);

/* The BPF register gets a new value, below 2^32 or not. */
void jit_written(struct arch_jit *j, uint32_t bpf, bool is_narrow);

static inline bool
jit_is_narrow(const struct arch_jit *j, uint32_t bpf)
{
	return j->narrow >> bpf & 1;
}

/* The instruction i. */
void jit_arithmetic(struct arch_jit *j, const struct exo_insn *i);
void jit_memory(struct arch_jit *j, const struct exo_insn *i);
void jit_jump(struct arch_jit *j, const struct exo_insn *i);
void jit_call(struct arch_jit *j, const struct exo_insn *i);

#endif
