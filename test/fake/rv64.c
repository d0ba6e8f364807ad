/* SPDX-License-Identifier: MIT
 * rv64.c: a hart that runs what the compiler of downloaded code makes, on the host.
 *
 * Written from the unprivileged specification (20240411), apart from arch/riscv/encode.h, so that
 * an error there is not repeated here.
 */
#include "test/fake/rv64.h"

#include <string.h>

/* An instruction's fields. */
struct fields {
	uint32_t word;
	uint32_t rd;
	uint32_t funct3;
	uint32_t funct7;
	uint64_t a; /* x[rs1] */
	uint64_t b; /* x[rs2] */
	int64_t imm;
};

static void
fail(struct rv64 *m, const char *error)
{
	m->error = m->error ? m->error : error;
}

static int64_t
sign(uint64_t value, unsigned bits)
{
	return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static uint64_t
word(uint64_t value)
{
	return (uint64_t)sign(value, 32);
}

/* 7.2 */
static uint64_t
divide(uint64_t a, uint64_t b, bool is_signed)
{
	if (b == 0) {
		return UINT64_MAX;
	}
	if (is_signed) {
		return b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
	}
	return a / b;
}

static uint64_t
remainder_of(uint64_t a, uint64_t b, bool is_signed)
{
	if (b == 0) {
		return a;
	}
	if (is_signed) {
		return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
	}
	return a % b;
}

static uint64_t
op_m(struct rv64 *m, const struct fields *f, uint64_t a, uint64_t b)
{
	switch (f->funct3) {
	case 0:
		return a * b;
	case 3:
		return (uint64_t)((unsigned __int128)a * b >> 64);
	case 4:
		return divide(a, b, true);
	case 5:
		return divide(a, b, false);
	case 6:
		return remainder_of(a, b, true);
	case 7:
		return remainder_of(a, b, false);
	default:
		fail(m, "unknown multiplication");
		return 0;
	}
}

/* 2.4.2 */
static uint64_t
op(struct rv64 *m, const struct fields *f)
{
	if (f->funct7 == 1) {
		return op_m(m, f, f->a, f->b);
	}
	switch (f->funct7 << 3 | f->funct3) {
	case 0:
		return f->a + f->b;
	case 1:
		return f->a << (f->b & 63);
	case 3:
		return f->a < f->b;
	case 4:
		return f->a ^ f->b;
	case 5:
		return f->a >> (f->b & 63);
	case 6:
		return f->a | f->b;
	case 7:
		return f->a & f->b;
	case 32 << 3:
		return f->a - f->b;
	case 32 << 3 | 5:
		return (uint64_t)((int64_t)f->a >> (f->b & 63));
	default:
		fail(m, "unknown OP");
		return 0;
	}
}

/* 4.2.2; 7.2: divisions of words are by the word, signed or not. */
static uint64_t
op_word(struct rv64 *m, const struct fields *f)
{
	bool is_signed = !(f->funct3 & 1);
	uint64_t a = is_signed ? word(f->a) : (uint32_t)f->a;
	uint64_t b = is_signed ? word(f->b) : (uint32_t)f->b;

	if (f->funct7 == 1) {
		return word(op_m(m, f, a, b));
	}
	switch (f->funct7 << 3 | f->funct3) {
	case 1:
		return word(f->a << (f->b & 31));
	case 5:
		return word((uint32_t)f->a >> (f->b & 31));
	case 32 << 3 | 5:
		return (uint64_t)(sign(f->a, 32) >> (f->b & 31));
	default:
		fail(m, "unknown OP-32");
		return 0;
	}
}

/* 2.4.1, 4.2.1 */
static uint64_t
op_imm(struct rv64 *m, const struct fields *f)
{
	unsigned amount = (unsigned)f->imm & 63;

	switch (f->funct3 == 1 || f->funct3 == 5 ? (f->funct7 >> 1) << 3 | f->funct3 : f->funct3) {
	case 0:
		return f->a + (uint64_t)f->imm;
	case 7:
		return f->a & (uint64_t)f->imm;
	case 1:
		return f->a << amount;
	case 5:
		return f->a >> amount;
	case 16 << 3 | 5:
		return (uint64_t)((int64_t)f->a >> amount);
	default:
		fail(m, "unknown OP-IMM");
		return 0;
	}
}

static uint64_t
op_imm_word(struct rv64 *m, const struct fields *f)
{
	unsigned amount = (unsigned)f->imm & 31;

	switch (f->funct3 ? f->funct7 << 3 | f->funct3 : 0) {
	case 0:
		return word(f->a + (uint64_t)f->imm);
	case 5:
		return word((uint32_t)f->a >> amount);
	case 32 << 3 | 5:
		return (uint64_t)(sign(f->a, 32) >> amount);
	default:
		fail(m, "unknown OP-IMM-32");
		return 0;
	}
}

void
rv64_range(struct rv64 *m, const void *start, uint64_t bytes, bool is_written)
{
	if (m->ranges == RV64_RANGES) {
		fail(m, "too many ranges");
		return;
	}
	m->range[m->ranges++] = (struct rv64_range){(uintptr_t)start, bytes, is_written};
}

/* The memory there, or NULL. */
static void *
memory_at(struct rv64 *m, uint64_t address, uint64_t bytes, bool is_store)
{
	for (uint32_t n = 0; n < m->ranges; n++) {
		const struct rv64_range *r = &m->range[n];

		if (address >= r->start && bytes <= r->bytes &&
		    address - r->start <= r->bytes - bytes) {
			if (is_store && !r->is_written) {
				fail(m, "a store to what may be read only");
				return NULL;
			}
			return (void *)(uintptr_t)address;
		}
	}
	fail(m, is_store ? "a store astray" : "a load astray");
	return NULL;
}

static uint64_t
load(struct rv64 *m, const struct fields *f)
{
	unsigned bytes = 1u << (f->funct3 & 3);
	const void *from = memory_at(m, f->a + (uint64_t)f->imm, bytes, false);
	uint64_t value = 0;

	if (f->funct3 == 7) {
		fail(m, "unknown LOAD");
	}
	if (from) {
		memcpy(&value, from, bytes);
	}
	return f->funct3 & 4 ? value : (uint64_t)sign(value, 8 * bytes);
}

static void
store(struct rv64 *m, const struct fields *f)
{
	unsigned bytes = 1u << (f->funct3 & 3);
	uint64_t offset = (uint64_t)sign((uint64_t)f->funct7 << 5 | f->rd, 12);
	void *to = memory_at(m, f->a + offset, bytes, true);

	if (f->funct3 > 3) {
		fail(m, "unknown STORE");
	}
	if (to) {
		memcpy(to, &f->b, bytes);
	}
}

/* 2.5.2 */
static void
branch(struct rv64 *m, const struct fields *f)
{
	uint32_t w = f->word;
	uint32_t bits =
		(w >> 31) << 12 | (w >> 7 & 1) << 11 | (w >> 25 & 63) << 5 | (w >> 8 & 15) << 1;
	bool holds = f->funct3 < 4   ? f->a == f->b
		     : f->funct3 < 6 ? (int64_t)f->a < (int64_t)f->b
				     : f->a < f->b;

	if (f->funct3 == 2 || f->funct3 == 3) {
		fail(m, "unknown BRANCH");
	}
	if (holds != (f->funct3 & 1)) {
		m->pc += (uint64_t)sign(bits, 13) - 4;
	}
}

/* 2.5.1. Only the way to a helper and back goes through a register. */
static uint64_t
jump(struct rv64 *m, const struct fields *f, bool is_direct)
{
	uint32_t w = f->word;
	uint32_t bits = (w >> 31) << 20 | (w >> 12 & 255) << 12 | (w >> 20 & 1) << 11 |
			(w >> 21 & 1023) << 1;
	uint64_t next = m->pc;

	m->pc = is_direct ? m->pc - 4 + (uint64_t)sign(bits, 21)
			  : (f->a + (uint64_t)f->imm) & ~1ull;
	return next;
}

static void
execute(struct rv64 *m, uint32_t w)
{
	struct fields f = {.word = w,
			   .rd = w >> 7 & 31,
			   .funct3 = w >> 12 & 7,
			   .funct7 = w >> 25,
			   .a = m->x[w >> 15 & 31],
			   .b = m->x[w >> 20 & 31],
			   .imm = sign(w >> 20, 12)};
	uint64_t result = m->x[f.rd];

	switch (w & 0x7f) {
	case 0x03:
		result = load(m, &f);
		break;
	case 0x13:
		result = op_imm(m, &f);
		break;
	case 0x1b:
		result = op_imm_word(m, &f);
		break;
	case 0x23:
		store(m, &f);
		return;
	case 0x33:
		result = op(m, &f);
		break;
	case 0x3b:
		result = op_word(m, &f);
		break;
	case 0x63:
		branch(m, &f);
		return;
	case 0x67:
		result = jump(m, &f, false);
		break;
	case 0x6f:
		result = jump(m, &f, true);
		break;
	default:
		fail(m, "unknown opcode");
		return;
	}
	if (f.rd) {
		m->x[f.rd] = result;
	}
}

bool
rv64_run(struct rv64 *m, uint64_t limit)
{
	while (m->pc != RV64_RETURN && !m->error) {
		uint64_t index = (m->pc - (uintptr_t)m->code) / 4;

		if (m->pc % 4 == 0 && index < m->words) {
			m->executed++;
			m->pc += 4;
			execute(m, m->code[index]);
		} else if (!m->host || !m->host(m)) {
			fail(m, "a jump astray");
		}
		if (m->executed > limit) {
			fail(m, "it runs on and on");
		}
	}
	return !m->error;
}
