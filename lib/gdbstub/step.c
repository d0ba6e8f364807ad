/* SPDX-License-Identifier: MIT
 * step.c: where an instruction may go. RISC-V unprivileged specification, "RV32I" 2.5 (jumps and
 * branches), "C" (their compressed forms, tables of chapter "RVC Instruction Set Listings"), "A"
 * 8.3 (a loop of load-reserved and store-conditional has at most 16 instructions). Pure.
 */
#include "lib/gdbstub/step.h"

#define BRANCH    0x63u
#define JALR      0x67u
#define JAL       0x6fu
#define AMO       0x2fu
#define LR        2u
#define SC        3u
#define LOOP_MOST 16

/* What one instruction does: it goes on behind itself, jumps, or one of both. */
struct flow {
	bool goes_on;
	bool jumps;
	uint64_t target;
};

/* Bits [low, low + count) of `word`, shifted to `to`. */
static uint64_t
bits(uint32_t word, uint32_t low, uint32_t count, uint32_t to)
{
	return ((uint64_t)word >> low & ((1u << count) - 1)) << to;
}

/* `value`, whose highest bit is bit `sign`, with that bit repeated. */
static uint64_t
extend(uint64_t value, uint32_t sign)
{
	return value & 1ul << sign ? value | ~0ul << sign : value;
}

static uint64_t
reg(const uint64_t x[32], uint64_t number)
{
	return number ? x[number] : 0;
}

uint32_t
step_instruction(step_fetch *fetch, void *context, uint64_t pc)
{
	uint16_t low;
	uint16_t high;

	if (!fetch(context, pc, &low)) {
		return 0;
	}
	if ((low & 3) != 3) {
		return low;
	}
	return fetch(context, pc + 2, &high) ? (uint32_t)high << 16 | low : 0;
}

static struct flow
flow_wide(uint32_t word, uint64_t pc, const uint64_t x[32])
{
	uint64_t far = bits(word, 21, 10, 1) | bits(word, 20, 1, 11) | bits(word, 12, 8, 12) |
		       bits(word, 31, 1, 20);
	uint64_t near = bits(word, 8, 4, 1) | bits(word, 25, 6, 5) | bits(word, 7, 1, 11) |
			bits(word, 31, 1, 12);
	uint64_t based = reg(x, word >> 15 & 31) + extend(word >> 20, 11);

	switch (word & 0x7f) {
	case JAL:
		return (struct flow){false, true, pc + extend(far, 20)};
	case JALR:
		return (struct flow){false, true, based & ~1ul};
	case BRANCH:
		return (struct flow){true, true, pc + extend(near, 12)};
	default:
		return (struct flow){true, false, 0};
	}
}

/* c.jr and c.jalr: the second register is 0; with the first 0 it is another instruction. */
static struct flow
flow_narrow_register(uint32_t word, const uint64_t x[32])
{
	uint64_t first = word >> 7 & 31;

	if ((word & 0xe07f) == 0x8002 && first) {
		return (struct flow){false, true, x[first] & ~1ul};
	}
	return (struct flow){true, false, 0};
}

static struct flow
flow_narrow(uint32_t word, uint64_t pc, const uint64_t x[32])
{
	uint64_t far = bits(word, 3, 3, 1) | bits(word, 11, 1, 4) | bits(word, 2, 1, 5) |
		       bits(word, 7, 1, 6) | bits(word, 6, 1, 7) | bits(word, 9, 2, 8) |
		       bits(word, 8, 1, 10) | bits(word, 12, 1, 11);
	uint64_t near = bits(word, 3, 2, 1) | bits(word, 10, 2, 3) | bits(word, 2, 1, 5) |
			bits(word, 5, 2, 6) | bits(word, 12, 1, 8);

	switch (word & 0xe003) {
	case 0xa001: /* c.j */
		return (struct flow){false, true, pc + extend(far, 11)};
	case 0xc001: /* c.beqz */
	case 0xe001: /* c.bnez */
		return (struct flow){true, true, pc + extend(near, 8)};
	default:
		return flow_narrow_register(word, x);
	}
}

static uint64_t
length(uint32_t word)
{
	return (word & 3) == 3 ? 4 : 2;
}

static struct flow
flow_of(uint32_t word, uint64_t pc, const uint64_t x[32])
{
	return length(word) == 4 ? flow_wide(word, pc, x) : flow_narrow(word, pc, x);
}

static bool
is_amo(uint32_t word, uint32_t which)
{
	return (word & 0x7f) == AMO && word >> 27 == which;
}

/* Will the branch at hand jump, the registers being x? */
static bool
is_taken(uint32_t word, const uint64_t x[32])
{
	uint64_t first = reg(x, word >> 15 & 31);
	uint64_t second = reg(x, word >> 20 & 31);
	bool is_narrow = length(word) == 2;
	uint32_t kind = is_narrow ? word >> 13 & 1 : word >> 12 & 7;

	if (is_narrow) {
		first = x[8 + (word >> 7 & 7)];
		second = 0;
	}
	switch (kind >> 1) {
	case 0:
		return (first == second) != (kind & 1);
	case 2:
		return ((int64_t)first < (int64_t)second) != (kind & 1);
	default:
		return (first < second) != (kind & 1);
	}
}

/* Those of `count` places that are not in [start, end). */
static uint32_t
outside(uint64_t place[STEP_PLACES], uint32_t count, uint64_t start, uint64_t end)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (place[i] < start || place[i] >= end) {
			place[kept++] = place[i];
		}
	}
	return kept;
}

/* Behind the store-conditional that ends the loop begun at `pc`, and where branches leave it. 0: it
 * is no such loop. */
static uint32_t
loop_places(step_fetch *fetch, void *context, uint64_t pc, const uint64_t x[32],
	    uint64_t place[STEP_PLACES])
{
	uint64_t start = pc;
	uint32_t count = 0;

	for (uint32_t i = 0; i < LOOP_MOST; i++) {
		uint32_t word = step_instruction(fetch, context, pc);
		struct flow flow = flow_of(word, pc, x);

		if (!word || !flow.goes_on || count == STEP_PLACES - 1) {
			return 0;
		}
		if (flow.jumps) {
			place[count++] = flow.target;
		}
		pc += length(word);
		if (is_amo(word, SC)) {
			count = outside(place, count, start, pc);
			place[count] = pc;
			return count + 1;
		}
	}
	return 0;
}

uint32_t
step_places(step_fetch *fetch, void *context, uint64_t pc, const uint64_t x[32],
	    uint64_t place[STEP_PLACES])
{
	uint32_t word = step_instruction(fetch, context, pc);
	struct flow flow = flow_of(word, pc, x);
	uint32_t count = 0;

	if (!word) {
		return 0;
	}
	if (is_amo(word, LR)) {
		count = loop_places(fetch, context, pc, x, place);
	}
	if (!count) {
		bool jumps = flow.jumps && (!flow.goes_on || is_taken(word, x));

		place[count++] = jumps ? flow.target : pc + length(word);
	}
	return count;
}
