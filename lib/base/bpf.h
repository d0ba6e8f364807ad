/* SPDX-License-Identifier: MIT
 * bpf.h: the encoding of BPF instructions, as RFC 9669 names its parts. Pure.
 */
#ifndef LIB_BASE_BPF_H
#define LIB_BASE_BPF_H

#include <stdbool.h>
#include <exo/code.h>

/* 3.3: classes. */
enum bpf_class {
	BPF_LD = 0,
	BPF_LDX = 1,
	BPF_ST = 2,
	BPF_STX = 3,
	BPF_ALU = 4,
	BPF_JMP = 5,
	BPF_JMP32 = 6,
	BPF_ALU64 = 7,
};

/* 4: the source operand of arithmetic and jumps: the constant, or a register. */
#define BPF_K 0x00
#define BPF_X 0x08

/* 4.1: arithmetic. */
enum bpf_alu {
	BPF_ADD = 0x00,
	BPF_SUB = 0x10,
	BPF_MUL = 0x20,
	BPF_DIV = 0x30,
	BPF_OR = 0x40,
	BPF_AND = 0x50,
	BPF_LSH = 0x60,
	BPF_RSH = 0x70,
	BPF_NEG = 0x80,
	BPF_MOD = 0x90,
	BPF_XOR = 0xa0,
	BPF_MOV = 0xb0,
	BPF_ARSH = 0xc0,
	BPF_END = 0xd0,
};
#define BPF_SIGNED 1 /* the offset that makes a division signed */

/* 4.3: jumps. */
enum bpf_jump {
	BPF_JA = 0x00,
	BPF_JEQ = 0x10,
	BPF_JGT = 0x20,
	BPF_JGE = 0x30,
	BPF_JSET = 0x40,
	BPF_JNE = 0x50,
	BPF_JSGT = 0x60,
	BPF_JSGE = 0x70,
	BPF_CALL = 0x80,
	BPF_EXIT = 0x90,
	BPF_JLT = 0xa0,
	BPF_JLE = 0xb0,
	BPF_JSLT = 0xc0,
	BPF_JSLE = 0xd0,
};

/* 5: loads and stores: mode, and size. */
#define BPF_IMM   0x00
#define BPF_MEM   0x60
#define BPF_MEMSX 0x80
#define BPF_W     0x00
#define BPF_H     0x08
#define BPF_B     0x10
#define BPF_DW    0x18

#define BPF_FRAME 10 /* r10 */

static inline unsigned
bpf_class(uint8_t opcode)
{
	return opcode & 7;
}

static inline unsigned
bpf_operation(uint8_t opcode)
{
	return opcode & 0xf0;
}

static inline unsigned
bpf_destination(const struct exo_insn *i)
{
	return i->registers & 15;
}

static inline unsigned
bpf_source(const struct exo_insn *i)
{
	return i->registers >> 4;
}

/* Of a load or store. */
static inline unsigned
bpf_bytes(uint8_t opcode)
{
	static const uint8_t bytes[] = {4, 2, 1, 8};

	return bytes[opcode >> 3 & 3];
}

/* The instruction that a jump at `at` goes to; any number in a program that is not verified. */
static inline int64_t
bpf_target(const struct exo_insn *i, uint32_t at)
{
	bool is_long = i->opcode == (BPF_JMP32 | BPF_JA);

	return (int64_t)at + 1 + (is_long ? i->imm : i->offset);
}

#endif
