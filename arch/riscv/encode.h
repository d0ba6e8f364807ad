/* SPDX-License-Identifier: MIT
 * encode.h: the instructions of RV64IM, each as its 32-bit word.
 *
 * rv_addi(rd, rs1, imm) is `addi rd, rs1, imm`; operands come in the assembler's order. What does
 * not fit into its field is cut: the caller knows the ranges. Clauses are those of the unprivileged
 * specification (20240411).
 */
#ifndef ARCH_RISCV_ENCODE_H
#define ARCH_RISCV_ENCODE_H

#include <stdint.h>

/* The registers by the names of the C ABI. */
/* clang-format off */
enum rv_register {
	RV_ZERO, RV_RA, RV_SP,  RV_GP,  RV_TP, RV_T0, RV_T1, RV_T2,
	RV_S0,   RV_S1, RV_A0,  RV_A1,  RV_A2, RV_A3, RV_A4, RV_A5,
	RV_A6,   RV_A7, RV_S2,  RV_S3,  RV_S4, RV_S5, RV_S6, RV_S7,
	RV_S8,   RV_S9, RV_S10, RV_S11, RV_T3, RV_T4, RV_T5, RV_T6,
};
/* clang-format on */

enum rv_opcode {
	RV_LOAD = 0x03,
	RV_OP_IMM = 0x13,
	RV_AUIPC = 0x17,
	RV_OP_IMM_32 = 0x1b,
	RV_STORE = 0x23,
	RV_OP = 0x33,
	RV_LUI = 0x37,
	RV_OP_32 = 0x3b,
	RV_BRANCH = 0x63,
	RV_JALR = 0x67,
	RV_JAL = 0x6f,
};

/* The formats: 2.2, 2.3. */
static inline uint32_t
rv_r(uint32_t opcode, uint32_t funct3, uint32_t funct7, uint32_t rd, uint32_t rs1, uint32_t rs2)
{
	return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25;
}

static inline uint32_t
rv_i(uint32_t opcode, uint32_t funct3, uint32_t rd, uint32_t rs1, int32_t imm)
{
	return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static inline uint32_t
rv_s(uint32_t funct3, uint32_t rs2, uint32_t rs1, int32_t imm)
{
	uint32_t bits = (uint32_t)imm;

	return RV_STORE | (bits & 0x1f) << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 |
	       (bits >> 5 & 0x7f) << 25;
}

static inline uint32_t
rv_b(uint32_t funct3, uint32_t rs1, uint32_t rs2, int32_t bytes)
{
	uint32_t bits = (uint32_t)bytes;

	return RV_BRANCH | (bits >> 11 & 1) << 7 | (bits >> 1 & 0xf) << 8 | funct3 << 12 |
	       rs1 << 15 | rs2 << 20 | (bits >> 5 & 0x3f) << 25 | (bits >> 12 & 1) << 31;
}

static inline uint32_t
rv_j(uint32_t rd, int32_t bytes)
{
	uint32_t bits = (uint32_t)bytes;

	return RV_JAL | rd << 7 | (bits & 0xff000) | (bits >> 11 & 1) << 20 |
	       (bits >> 1 & 0x3ff) << 21 | (bits >> 20 & 1) << 31;
}

/* The instructions of each format: name, opcode, funct3, and what else is fixed. */
/* rd, rs1, rs2: 2.4.2, 4.2.2, 7.1, 7.2 */
#define RV_R_INSNS(X)                                                                              \
	X(add, OP, 0, 0)                                                                           \
	X(sub, OP, 0, 32)                                                                          \
	X(sll, OP, 1, 0)                                                                           \
	X(slt, OP, 2, 0)                                                                           \
	X(sltu, OP, 3, 0)                                                                          \
	X(xor, OP, 4, 0)                                                                           \
	X(srl, OP, 5, 0)                                                                           \
	X(sra, OP, 5, 32)                                                                          \
	X(or, OP, 6, 0)                                                                            \
	X(and, OP, 7, 0)                                                                           \
	X(mul, OP, 0, 1)                                                                           \
	X(mulhu, OP, 3, 1)                                                                         \
	X(div, OP, 4, 1)                                                                           \
	X(divu, OP, 5, 1)                                                                          \
	X(rem, OP, 6, 1)                                                                           \
	X(remu, OP, 7, 1)                                                                          \
	X(addw, OP_32, 0, 0)                                                                       \
	X(subw, OP_32, 0, 32)                                                                      \
	X(sllw, OP_32, 1, 0)                                                                       \
	X(srlw, OP_32, 5, 0)                                                                       \
	X(sraw, OP_32, 5, 32)                                                                      \
	X(mulw, OP_32, 0, 1)                                                                       \
	X(divw, OP_32, 4, 1)                                                                       \
	X(divuw, OP_32, 5, 1)                                                                      \
	X(remw, OP_32, 6, 1)                                                                       \
	X(remuw, OP_32, 7, 1)
/* rd, rs1, imm: 2.4.1, 4.2.1; loads 2.6, 4.3; jalr 2.5.1 */
#define RV_I_INSNS(X)                                                                              \
	X(addi, OP_IMM, 0)                                                                         \
	X(slti, OP_IMM, 2)                                                                         \
	X(sltiu, OP_IMM, 3)                                                                        \
	X(xori, OP_IMM, 4)                                                                         \
	X(ori, OP_IMM, 6)                                                                          \
	X(andi, OP_IMM, 7)                                                                         \
	X(addiw, OP_IMM_32, 0)                                                                     \
	X(lb, LOAD, 0)                                                                             \
	X(lh, LOAD, 1)                                                                             \
	X(lw, LOAD, 2)                                                                             \
	X(ld, LOAD, 3)                                                                             \
	X(lbu, LOAD, 4)                                                                            \
	X(lhu, LOAD, 5)                                                                            \
	X(lwu, LOAD, 6)                                                                            \
	X(jalr, JALR, 0)
/* rd, rs1, amount: 2.4.1, 4.2.1 */
#define RV_SHIFT_INSNS(X)                                                                          \
	X(slli, OP_IMM, 1, 0)                                                                      \
	X(srli, OP_IMM, 5, 0)                                                                      \
	X(srai, OP_IMM, 5, 0x400)                                                                  \
	X(slliw, OP_IMM_32, 1, 0)                                                                  \
	X(srliw, OP_IMM_32, 5, 0)                                                                  \
	X(sraiw, OP_IMM_32, 5, 0x400)
/* rs2, rs1, imm: 2.6, 4.3 */
#define RV_S_INSNS(X)                                                                              \
	X(sb, 0)                                                                                   \
	X(sh, 1)                                                                                   \
	X(sw, 2)                                                                                   \
	X(sd, 3)
/* rs1, rs2, bytes (within 4 KiB): 2.5.2 */
#define RV_B_INSNS(X)                                                                              \
	X(beq, 0)                                                                                  \
	X(bne, 1)                                                                                  \
	X(blt, 4)                                                                                  \
	X(bge, 5)                                                                                  \
	X(bltu, 6)                                                                                 \
	X(bgeu, 7)

#define RV_R_FUNCTION(name, opcode, funct3, funct7)                                                \
	static inline uint32_t rv_##name(uint32_t rd, uint32_t rs1, uint32_t rs2)                  \
	{                                                                                          \
		return rv_r(RV_##opcode, funct3, funct7, rd, rs1, rs2);                            \
	}
#define RV_I_FUNCTION(name, opcode, funct3)                                                        \
	static inline uint32_t rv_##name(uint32_t rd, uint32_t rs1, int32_t imm)                   \
	{                                                                                          \
		return rv_i(RV_##opcode, funct3, rd, rs1, imm);                                    \
	}
#define RV_SHIFT_FUNCTION(name, opcode, funct3, high)                                              \
	static inline uint32_t rv_##name(uint32_t rd, uint32_t rs1, uint32_t amount)               \
	{                                                                                          \
		return rv_i(RV_##opcode, funct3, rd, rs1, (int32_t)(amount | (high)));             \
	}
#define RV_S_FUNCTION(name, funct3)                                                                \
	static inline uint32_t rv_##name(uint32_t rs2, uint32_t rs1, int32_t imm)                  \
	{                                                                                          \
		return rv_s(funct3, rs2, rs1, imm);                                                \
	}
#define RV_B_FUNCTION(name, funct3)                                                                \
	static inline uint32_t rv_##name(uint32_t rs1, uint32_t rs2, int32_t bytes)                \
	{                                                                                          \
		return rv_b(funct3, rs1, rs2, bytes);                                              \
	}

RV_R_INSNS(RV_R_FUNCTION)
RV_I_INSNS(RV_I_FUNCTION)
RV_SHIFT_INSNS(RV_SHIFT_FUNCTION)
RV_S_INSNS(RV_S_FUNCTION)
RV_B_INSNS(RV_B_FUNCTION)

/* Within 1 MiB: 2.5.1. */
static inline uint32_t
rv_jal(uint32_t rd, int32_t bytes)
{
	return rv_j(rd, bytes);
}

/* The low 12 bits of `value` are lost: 2.4.1. */
static inline uint32_t
rv_lui(uint32_t rd, uint32_t value)
{
	return RV_LUI | rd << 7 | (value & 0xfffff000);
}

static inline uint32_t
rv_auipc(uint32_t rd, uint32_t value)
{
	return RV_AUIPC | rd << 7 | (value & 0xfffff000);
}

#endif
