/* SPDX-License-Identifier: MIT
 * filter_rv64.c: an RV64 machine that knows only the instructions compiled filters may consist of.
 *
 * Addresses are the host's, so records and packets need no copies. Each access must be aligned and
 * within what filter_rv64_run() was told; an unknown word, a wild jump, a register that is the
 * kernel's own ends the run. Unprivileged spec. 2.4 to 2.6, 13.1.
 */
#include "test/model/filter_rv64.h"
#include <string.h>
#include "kern/net/trie_node.h"

#define RETURN    0x2000ul /* to whoever called */
#define STEPS_MAX 5000
#define HITS_FAR  (TRIE_HITS_MAX * sizeof(struct trie_hit))

struct machine {
	struct filter_rv64 *m;
	uint64_t x[32];
	uint64_t pc;
};

static bool
within(uint64_t at, size_t width, const void *start, size_t bytes)
{
	uint64_t offset = at - (uint64_t)(uintptr_t)start;

	return offset < bytes && width <= bytes - offset;
}

static void *
memory(struct machine *v, uint64_t at, size_t width, bool write)
{
	struct filter_rv64 *m = v->m;
	bool ok = within(at, width, m->stack, sizeof(m->stack)) ||
		  within(at, width, m->hits, HITS_FAR);

	for (size_t i = 0; i < sizeof(m->readable) / sizeof(m->readable[0]) && !write; i++) {
		ok |= within(at, width, m->readable[i].start, m->readable[i].bytes);
	}
	if (!ok || at % width) {
		m->wrong = !ok ? "touches foreign memory" : "an unaligned access";
		return m->stack;
	}
	return (void *)(uintptr_t)at; /* NOLINT: the address is the point */
}

static uint64_t
load(struct machine *v, uint64_t at, uint32_t funct3)
{
	size_t width = 1u << (funct3 & 3);
	uint64_t value = 0;

	if (funct3 < 3 || funct3 == 7) {
		v->m->wrong = "an unknown load";
	} else {
		memcpy(&value, memory(v, at, width, false), width);
	}
	return value;
}

static uint64_t
operate(struct machine *v, uint32_t how, uint64_t a, uint64_t b)
{
	switch (how) { /* funct7 << 3 | funct3 */
	case 0:
		return a + b;
	case 0x100:
		return a - b;
	case 1:
		return a << (b & 63);
	case 4:
		return a ^ b;
	case 5:
		return a >> (b & 63);
	case 6:
		return a | b;
	case 7:
		return a & b;
	case 8:
		return a * b;
	case 8 | 3:
		return (uint64_t)((unsigned __int128)a * b >> 64);
	default:
		v->m->wrong = "an unknown operation";
		return 0;
	}
}

static uint64_t
operate_immediate(struct machine *v, uint32_t funct3, uint64_t a, int32_t imm)
{
	if (funct3 == 1) {
		return a << (imm & 63);
	}
	if (funct3 == 5) {
		return a >> (imm & 63);
	}
	if (funct3 != 0 && funct3 != 7) {
		v->m->wrong = "an unknown operation";
	}
	return funct3 == 7 ? a & (uint64_t)imm : a + (uint64_t)imm;
}

static void
branch(struct machine *v, uint32_t i, uint64_t a, uint64_t b)
{
	uint32_t far = (i >> 7 & 0x1e) | (i >> 20 & 0x7e0) | (i << 4 & 0x800) | (i >> 19 & 0x1000);
	uint32_t funct3 = i >> 12 & 7;
	bool taken = funct3 == 0 ? a == b : funct3 == 1 ? a != b : a < b;

	if (funct3 != 0 && funct3 != 1 && funct3 != 6) {
		v->m->wrong = "an unknown branch";
	}
	if (taken) {
		v->pc += (uint64_t)((int64_t)(far ^ 0x1000) - 0x1000) - 4;
	}
}

/* One instruction; pc is behind it already. */
static void
step(struct machine *v, uint32_t i)
{
	uint32_t rd = i >> 7 & 31;
	uint32_t funct3 = i >> 12 & 7;
	uint64_t a = v->x[i >> 15 & 31];
	uint64_t b = v->x[i >> 20 & 31];
	int32_t imm = (int32_t)i >> 20;
	uint64_t result = v->x[rd];
	uint64_t back = v->pc;

	switch (i & 0x7f) {
	case 0x03:
		result = load(v, a + (uint64_t)imm, funct3);
		break;
	case 0x13:
		result = operate_immediate(v, funct3, a, imm);
		break;
	case 0x33:
		result = operate(v, i >> 25 << 3 | funct3, a, b);
		break;
	case 0x23:
		a += (uint64_t)((imm & ~31) | (int32_t)rd);
		memcpy(memory(v, a, 8, true), &b, 8);
		return;
	case 0x63:
		branch(v, i, a, b);
		return;
	case 0x67:
		v->pc = a + (uint64_t)imm;
		result = back;
		break;
	default:
		v->m->wrong = "an unknown word";
	}
	if (rd == 3 || rd == 4 || rd == 8 || rd == 9 || (rd >= 18 && rd != 28)) {
		v->m->wrong = "a register that is not its own";
	}
	v->x[rd] = rd ? result : 0;
}

static uint32_t
fetch(struct machine *v)
{
	uint32_t word = 0;

	if (v->pc % 4 || !within(v->pc, 4, v->m->code, sizeof(v->m->code))) {
		v->m->wrong = "a wild jump";
	} else {
		memcpy(&word, (const void *)(uintptr_t)v->pc, 4); /* NOLINT */
	}
	v->pc += 4;
	return word;
}

/* What stands for the code of a node that has none. Code that was made meanwhile is found. */
static void
without(struct machine *v)
{
	struct trie_node *n = (struct trie_node *)(uintptr_t)v->x[12];  /* NOLINT */
	const uint8_t *base = (const uint8_t *)(uintptr_t)v->x[10];     /* NOLINT */
	const uint8_t *end = (const uint8_t *)(uintptr_t)v->x[11];      /* NOLINT */
	struct trie_hit *hits = (struct trie_hit *)(uintptr_t)v->x[13]; /* NOLINT */

	n->code = shape_code(v->m->shapes, n);
	v->x[10] = (uint64_t)(uintptr_t)trie_step(base, end, n, hits);
	v->pc = v->x[1];
	v->m->in_c++;
}

uint32_t
filter_rv64_run(struct filter_rv64 *m, const struct trie *t, const uint8_t *base,
		const uint8_t *end, struct trie_hit *hits)
{
	struct machine v = {.m = m};
	uint64_t top = (uint64_t)(uintptr_t)(m->stack + sizeof(m->stack));

	if (!t->root) {
		return 0;
	}
	v.pc = t->root->code;
	v.x[1] = RETURN;
	v.x[2] = top;
	v.x[10] = (uint64_t)(uintptr_t)base;
	v.x[11] = (uint64_t)(uintptr_t)end;
	v.x[12] = (uint64_t)(uintptr_t)t->root;
	v.x[13] = (uint64_t)(uintptr_t)hits;
	m->hits = hits;
	m->wrong = NULL;
	for (m->instructions = 0; v.pc != RETURN && !m->wrong; m->instructions++) {
		if (v.pc == RV64_WITHOUT) {
			without(&v);
			continue;
		}
		step(&v, fetch(&v));
		m->stack_used = top - v.x[2] > m->stack_used ? top - v.x[2] : m->stack_used;
		m->wrong = m->instructions > STEPS_MAX ? "does not end" : m->wrong;
	}
	if (!m->wrong && v.x[2] != top) {
		m->wrong = "the stack is not as before";
	}
	return m->wrong ? UINT32_MAX
			: (uint32_t)((v.x[10] - (uint64_t)(uintptr_t)hits) / sizeof(*hits));
}

void
filter_rv64_compile(struct filter_rv64 *m)
{
	uint32_t i;

	while ((i = shape_wanted(m->shapes)) != SHAPE_NONE) {
		int64_t bytes = arch_filter_compile(&m->shapes->shape[i].what, m->code[i],
						    sizeof(m->code[i]));

		shape_compiled(m->shapes, i, bytes < 0 ? 0 : (uint64_t)(uintptr_t)m->code[i]);
	}
}
