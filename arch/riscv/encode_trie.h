/* SPDX-License-Identifier: MIT
 * encode_trie.h: the RV64IM instructions that compiled filters consist of, as 32-bit words.
 *
 * rv_addi(rd, rs1, imm) is `addi rd, rs1, imm`; operands come in the assembler's order, a store's
 * as rv_sd(rs2, rs1, imm). What does not fit into its field is cut. Unprivileged spec. 2.2 to 2.6.
 */
#ifndef ARCH_RISCV_ENCODE_TRIE_H
#define ARCH_RISCV_ENCODE_TRIE_H

#include <stdint.h>

/* clang-format off */
enum rv_register {
	RV_ZERO = 0, RV_RA = 1,  RV_SP = 2,  RV_T0 = 5,  RV_T1 = 6,  RV_T2 = 7,
	RV_A0 = 10,  RV_A1 = 11, RV_A2 = 12, RV_A3 = 13, RV_A4 = 14, RV_A5 = 15, RV_T3 = 28,
};
/* clang-format on */

static inline uint32_t
rv_i(uint32_t opcode, uint32_t funct3, uint32_t rd, uint32_t rs1, int32_t imm)
{
	return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static inline uint32_t
rv_r(uint32_t funct3, uint32_t funct7, uint32_t rd, uint32_t rs1, uint32_t rs2)
{
	return 0x33 | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25;
}

static inline uint32_t
rv_b(uint32_t funct3, uint32_t rs1, uint32_t rs2, int32_t bytes)
{
	uint32_t bits = (uint32_t)bytes;

	return 0x63 | (bits >> 11 & 1) << 7 | (bits >> 1 & 0xf) << 8 | funct3 << 12 | rs1 << 15 |
	       rs2 << 20 | (bits >> 5 & 0x3f) << 25 | (bits >> 12 & 1) << 31;
}

/* name, opcode, funct3: rd, rs1, imm */
#define RV_TRIE_I(X)                                                                               \
	X(addi, 0x13, 0)                                                                           \
	X(andi, 0x13, 7)                                                                           \
	X(slli, 0x13, 1)                                                                           \
	X(srli, 0x13, 5)                                                                           \
	X(ld, 0x03, 3)                                                                             \
	X(lbu, 0x03, 4)                                                                            \
	X(lhu, 0x03, 5)                                                                            \
	X(lwu, 0x03, 6)                                                                            \
	X(jalr, 0x67, 0)
/* name, funct3, funct7: rd, rs1, rs2 */
#define RV_TRIE_R(X)                                                                               \
	X(add, 0, 0)                                                                               \
	X(sub, 0, 0x20)                                                                            \
	X(sll, 1, 0)                                                                               \
	X(xor, 4, 0)                                                                               \
	X(srl, 5, 0)                                                                               \
	X(or, 6, 0)                                                                                \
	X(and, 7, 0)                                                                               \
	X(mul, 0, 1)
/* name, funct3: rs1, rs2, bytes */
#define RV_TRIE_B(X)                                                                               \
	X(beq, 0)                                                                                  \
	X(bne, 1)                                                                                  \
	X(bltu, 6)

#define RV_I_FUNCTION(name, opcode, funct3)                                                        \
	static inline uint32_t rv_##name(uint32_t rd, uint32_t rs1, int32_t imm)                   \
	{                                                                                          \
		return rv_i(opcode, funct3, rd, rs1, imm);                                         \
	}
#define RV_R_FUNCTION(name, funct3, funct7)                                                        \
	static inline uint32_t rv_##name(uint32_t rd, uint32_t rs1, uint32_t rs2)                  \
	{                                                                                          \
		return rv_r(funct3, funct7, rd, rs1, rs2);                                         \
	}
#define RV_B_FUNCTION(name, funct3)                                                                \
	static inline uint32_t rv_##name(uint32_t rs1, uint32_t rs2, int32_t bytes)                \
	{                                                                                          \
		return rv_b(funct3, rs1, rs2, bytes);                                              \
	}

RV_TRIE_I(RV_I_FUNCTION)
RV_TRIE_R(RV_R_FUNCTION)
RV_TRIE_B(RV_B_FUNCTION)

static inline uint32_t
rv_sd(uint32_t rs2, uint32_t rs1, int32_t imm)
{
	uint32_t bits = (uint32_t)imm;

	return 0x23 | (bits & 0x1f) << 7 | 3u << 12 | rs1 << 15 | rs2 << 20 |
	       (bits >> 5 & 0x7f) << 25;
}

#endif
