/* SPDX-License-Identifier: MIT
 * jit_memory.c: loads and stores of downloaded code. RFC 9669, section 5.
 *
 * Each access has to do what code_reach() (lib/base/code.h) does, and costs ten instructions then.
 * Why fewer are enough the second time: within a block, while the base register is not written,
 * (1) bytes that a check covered are still there: nothing changes regions but helpers, and a call
 *     forgets all checks; (2) bytes behind them are in the same region if they are before its end:
 *     a region is much shorter than the 4 GiB between the beginnings of two; (3) a check may come
 *     early, for all the loads up to the next store or call at once: loads have no effect but to
 *     end the run, with the same error, and the fuel of the block is taken already.
 * The stack is as large as the program says, so what r10 reaches is known now.
 *
 * An address that is not a multiple of the size is left to the hart: where it traps, OpenSBI
 * emulates the access for the supervisor as for everybody, slowly. To test each address would cost
 * two instructions per access, most of which are aligned.
 */
#include <stddef.h>
#include "arch/riscv/jit.h"

#define LOOK_AHEAD 16    /* instructions */
#define FIELD_LOW  -2048 /* of the displacement in an instruction */
#define FIELD_HIGH 2048

/* Bytes [low, high) from the pointer in BPF register `base` on. */
struct access {
	uint32_t base;
	int32_t low;
	int32_t high;
	bool is_store;
};

/* What the rest of the block needs. */
struct plan {
	struct access span; /* what the check has to cover */
	bool again;         /* the same base is used again, */
	bool grows;         /* also behind the span */
};

static bool
is_access(const struct exo_insn *i, struct access *a)
{
	unsigned code = bpf_class(i->opcode);

	a->is_store = code != BPF_LDX;
	a->base = code == BPF_LDX ? bpf_source(i) : bpf_destination(i);
	a->low = i->offset;
	a->high = i->offset + (int32_t)bpf_bytes(i->opcode);
	return code == BPF_LDX || code == BPF_ST || code == BPF_STX;
}

static bool
fits(const struct access *a)
{
	return a->low >= FIELD_LOW && a->high <= FIELD_HIGH;
}

static bool
ends_knowledge(const struct exo_insn *i, uint32_t base)
{
	unsigned code = bpf_class(i->opcode);
	bool is_written = code != BPF_ST && code != BPF_STX && code != BPF_JMP &&
			  code != BPF_JMP32 && bpf_destination(i) == base;

	return is_written || i->opcode == (BPF_JMP | BPF_CALL);
}

/* Takes b, a later access through the same base, into account; `is_early`: it may be checked now.
 */
static void
plan_for(struct plan *p, const struct access *b, bool is_early)
{
	struct access *span = &p->span;

	if (!fits(b) || b->is_store > span->is_store) {
		return;
	}
	if (is_early) {
		span->low = b->low < span->low ? b->low : span->low;
		span->high = b->high > span->high ? b->high : span->high;
		p->again = true;
	} else if (b->low >= span->low) {
		p->again = true;
		p->grows = p->grows || b->high > span->high;
	}
}

static void
look_ahead(const struct arch_jit *j, const struct exo_insn *i, struct plan *p)
{
	const struct exo_insn *end = i + LOOK_AHEAD;
	bool is_early = !p->span.is_store;

	if (end > j->insn + j->insns) {
		end = j->insn + j->insns;
	}
	while (!ends_knowledge(i, p->span.base) && ++i < end && !j->cost[i - j->insn]) {
		struct access b;

		if (is_access(i, &b)) {
			is_early = is_early && !b.is_store;
			if (b.base == p->span.base) {
				plan_for(p, &b, is_early);
			}
		}
	}
}

/* The access itself, `displacement` from the address in rs1 on. */
static void
transfer(struct arch_jit *j, const struct exo_insn *i, uint32_t rs1, int32_t displacement)
{
	static const uint8_t size[] = {2, 1, 0, 3};
	uint32_t funct3 = size[i->opcode >> 3 & 3];
	uint32_t code = bpf_class(i->opcode);
	bool is_narrow = funct3 < 3 && (i->opcode & 0xe0) == BPF_MEM;
	uint32_t value;

	if (code == BPF_LDX) {
		funct3 |= is_narrow ? 4 : 0;
		jit_op(j, rv_i(RV_LOAD, funct3, 0, 0, 0), jit_register(j, bpf_destination(i)), rs1,
		       displacement);
		jit_written(j, bpf_destination(i), is_narrow);
		return;
	}
	value = code == BPF_STX ? jit_register(j, bpf_source(i))
				: jit_constant(j, JIT_C, (uint64_t)(int64_t)i->imm);
	jit_put(j, rv_s(funct3, value, rs1, displacement));
}

/* Goes on if the span, which begins at the pointer in `first`, lies in a region. Its end is then in
 * `end`, what makes a pointer an address in JIT_C. `copy` has the base register if the span is
 * longer than a small constant. */
static void
check(struct arch_jit *j, const struct access *span, uint32_t first, uint32_t copy, uint32_t end)
{
	int32_t table = span->is_store ? offsetof(struct code_run, store) : 0;
	int32_t more = span->high - span->low - 1;
	uint32_t last = more ? JIT_B : first;

	jit_op(j, RV(srli), JIT_C, first, EXO_REGION_SHIFT - 4);
	jit_op(j, RV(andi), JIT_C, JIT_C, (EXO_REGIONS - 1) * sizeof(struct code_region));
	jit_op(j, RV(add), JIT_C, JIT_C, JIT_RUN);
	jit_op(j, RV(ld), end, JIT_C, table + (int32_t)offsetof(struct code_region, end));
	jit_op(j, RV(ld), JIT_C, JIT_C, table + (int32_t)offsetof(struct code_region, base));
	if (more > JIT_SMALL) {
		jit_op(j, RV(addi), JIT_B, copy, span->high - 1);
	} else if (more) {
		jit_op(j, RV(addi), JIT_B, first, more);
	}
	jit_leave_unless(j, last, end, JIT_FAULT);
}

/* The register that has the pointer base + low. */
static uint32_t
first_byte(struct arch_jit *j, uint32_t base, int32_t low)
{
	if (!low) {
		return base;
	}
	if (low > 0 && low <= JIT_SMALL) {
		jit_op(j, RV(addi), JIT_A, base, low);
	} else {
		jit_set(j, JIT_A, (uint64_t)(int64_t)low);
		jit_op(j, RV(add), JIT_A, JIT_A, base);
	}
	return JIT_A;
}

/* An access whose base is not needed again. */
static void
access_once(struct arch_jit *j, const struct exo_insn *i, const struct access *a)
{
	uint32_t first = first_byte(j, jit_register(j, a->base), a->low);

	check(j, a, first, first, JIT_END);
	jit_op(j, RV(add), JIT_A, first, JIT_C);
	transfer(j, i, JIT_A, 0);
}

/* The one with the same base, or who is not valid, or whose turn it is. */
static uint32_t
choose(struct arch_jit *j, uint32_t base)
{
	for (uint32_t n = 0; n < ARCH_JIT_BASES; n++) {
		if (j->reach[n].is_valid && j->reach[n].base == base) {
			return n;
		}
	}
	for (uint32_t n = 0; n < ARCH_JIT_BASES; n++) {
		if (!j->reach[n].is_valid) {
			return n;
		}
	}
	j->turn = (uint8_t)((j->turn + 1) % ARCH_JIT_BASES);
	return j->turn;
}

/* An access that is the first of several: checks what it can and remembers it. */
static void
access_first(struct arch_jit *j, const struct exo_insn *i, const struct plan *p)
{
	const struct access *span = &p->span;
	uint32_t n = choose(j, span->base);
	uint32_t base = jit_register(j, span->base);
	uint32_t host = jit_use(j, JIT_HOST + n);
	uint32_t end = p->grows ? jit_use(j, JIT_ENDS + n) : JIT_END;
	uint32_t first = first_byte(j, base, span->low);

	if (span->high - span->low - 1 > JIT_SMALL) {
		jit_op(j, RV(addi), host, base, 0);
	}
	check(j, span, first, host, end);
	jit_op(j, RV(add), host, base, JIT_C);
	if (p->grows) {
		jit_op(j, RV(add), end, end, JIT_C);
	}
	j->reach[n] = (struct arch_jit_reach){span->low, span->high,     (uint8_t)span->base,
					      true,      span->is_store, p->grows};
	transfer(j, i, host, i->offset);
}

/* The check that covers the beginning of this access, or NULL. */
static struct arch_jit_reach *
reached(struct arch_jit *j, const struct access *a)
{
	for (uint32_t n = 0; n < ARCH_JIT_BASES; n++) {
		struct arch_jit_reach *r = &j->reach[n];

		if (r->is_valid && r->base == a->base && r->is_store >= a->is_store &&
		    r->low <= a->low && fits(a) && (a->high <= r->high || r->has_end)) {
			return r;
		}
	}
	return NULL;
}

/* An access through a base that is known, perhaps not as far as that. */
static void
access_again(struct arch_jit *j, const struct exo_insn *i, struct arch_jit_reach *r,
	     const struct plan *p)
{
	uint32_t n = (uint32_t)(r - j->reach);

	if (p->span.high > r->high && r->has_end) {
		r->high = p->span.high;
		jit_op(j, RV(addi), JIT_B, JIT_HOST + n, r->high - 1);
		jit_leave_unless(j, JIT_B, JIT_ENDS + n, JIT_FAULT);
	}
	transfer(j, i, JIT_HOST + n, i->offset);
}

/* Through r10. Below the stack is no region, and behind it is none either. */
static void
access_stack(struct arch_jit *j, const struct exo_insn *i, const struct access *a)
{
	if (a->low < -(int32_t)j->stack_bytes || a->high > 0) {
		jit_leave(j, JIT_FAULT);
	} else {
		transfer(j, i, jit_use(j, JIT_STACK), i->offset);
	}
}

void
jit_memory(struct arch_jit *j, const struct exo_insn *i)
{
	struct plan p = {.again = false};
	struct arch_jit_reach *r;

	is_access(i, &p.span);
	if (p.span.base == BPF_FRAME) {
		access_stack(j, i, &p.span);
		return;
	}
	r = reached(j, &p.span);
	if (fits(&p.span)) {
		look_ahead(j, i, &p);
	}
	if (r) {
		access_again(j, i, r, &p);
	} else if (p.again) {
		access_first(j, i, &p);
	} else {
		access_once(j, i, &p.span);
	}
}
