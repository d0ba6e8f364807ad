/* SPDX-License-Identifier: MIT
 * jit_trie.c: code for the shapes of filter nodes (arch.h). Pure: writes words into a buffer.
 *
 *   a0 base   a1 end of the packet   a2 record   a3 next hit;   returns the end of the hits
 *   t0 what was loaded   t1 mask, value, place in a table   t2 its shift   t3 its slots
 *
 * All that holds for one node but not for its shape is loaded from the record. What must exist for
 * all of the run is checked once before it. A child is entered by a jump; with several branches
 * all but the last are called, with ra, base and record on the stack: 32 bytes, and at most one
 * such frame per test of the cost limit. gp, tp and t4 to t6 stay as they are.
 * It is right because it does what trie_step does (kern/net/trie_walk.c), item by item; tests run
 * both on the same records and packets.
 */
#include <exo/errors.h>
#include "arch/arch.h"
#include "arch/riscv/encode.h"

#define FRAME_BYTES 32

/* Where a branch of the code can go before it is known where that is. */
enum {
	MISS = 0,                                /* nothing more matches here */
	NEXT = 1,                                /* + i: on behind branch i */
	COLLIDE = NEXT + ARCH_FILTER_ITEMS_MAX,  /* + i: another key stands in the slot */
	PROBE = COLLIDE + ARCH_FILTER_ITEMS_MAX, /* + i: look at a slot */
	LABELS = PROBE + ARCH_FILTER_ITEMS_MAX,
};

#define FIXUPS_MAX 96 /* five per item at most */

struct emitter {
	uint32_t *code;
	uint32_t words; /* emitted, or that would have been */
	uint32_t room;
	uint32_t fixups;
	struct {
		uint16_t at;
		uint16_t label;
	} fixup[FIXUPS_MAX];
	uint16_t label[LABELS];
};

static void
emit(struct emitter *e, uint32_t instruction)
{
	if (e->words < e->room) {
		e->code[e->words] = instruction;
	}
	e->words++;
}

/* A conditional branch to a label. */
static void
emit_to(struct emitter *e, uint32_t label, uint32_t instruction)
{
	e->fixup[e->fixups].at = (uint16_t)e->words;
	e->fixup[e->fixups++].label = (uint16_t)label;
	emit(e, instruction);
}

static void
set_label(struct emitter *e, uint32_t label)
{
	e->label[label] = (uint16_t)e->words;
}

static void
fix_up(struct emitter *e)
{
	for (uint32_t i = 0; i < e->fixups; i++) {
		uint32_t at = e->fixup[i].at;
		int32_t words = e->label[e->fixup[i].label] - (int32_t)at;

		e->code[at] |= rv_b(0, 0, 0, 4 * words);
	}
}

/* t0 = what an item reads, under its mask; `record` is where the item stands. */
static void
emit_load(struct emitter *e, const struct arch_filter_item *item, int32_t record)
{
	emit(e, item->width == 8   ? rv_ld(RV_T0, RV_A0, item->offset)
		: item->width == 4 ? rv_lwu(RV_T0, RV_A0, item->offset)
		: item->width == 2 ? rv_lhu(RV_T0, RV_A0, item->offset)
				   : rv_lbu(RV_T0, RV_A0, item->offset));
	if (!item->full) {
		emit(e, rv_ld(RV_T1, RV_A2, record + ARCH_FILTER_MASK));
		emit(e, rv_and(RV_T0, RV_T0, RV_T1));
	}
}

static void
emit_compare(struct emitter *e, const struct arch_filter_item *item, int32_t record, uint32_t miss)
{
	emit_load(e, item, record);
	emit(e, rv_ld(RV_T1, RV_A2, record + ARCH_FILTER_VALUE));
	emit_to(e, miss, rv_bne(RV_T0, RV_T1, 0));
}

/* The base moves, or nothing matches: past the end of the packet. */
static void
emit_move(struct emitter *e, const struct arch_filter_item *item, int32_t record, uint32_t miss)
{
	emit(e, rv_lbu(RV_T0, RV_A0, item->offset));
	for (int32_t i = 1; i < item->width; i++) {
		emit(e, rv_lbu(RV_T1, RV_A0, item->offset + i));
		emit(e, rv_slli(RV_T0, RV_T0, 8));
		emit(e, rv_or(RV_T0, RV_T0, RV_T1));
	}
	emit(e, rv_ld(RV_T1, RV_A2, record + ARCH_FILTER_MASK));
	emit(e, rv_and(RV_T0, RV_T0, RV_T1));
	if (item->scale) {
		emit(e, rv_slli(RV_T0, RV_T0, item->scale));
	}
	emit(e, rv_sub(RV_T1, RV_A1, RV_A0));
	emit_to(e, miss, rv_bltu(RV_T1, RV_T0, 0));
	emit(e, rv_add(RV_A0, RV_A0, RV_T0));
}

/* a2 = the child in the slot of t0's value; the way to the next slot is emit_collision(). */
static void
emit_lookup(struct emitter *e, const struct arch_filter_item *item, int32_t record, uint32_t i,
	    uint32_t miss)
{
	emit_load(e, item, record);
	emit(e, rv_ld(RV_T1, RV_A2, record + ARCH_FILTER_VALUE));
	emit(e, rv_lbu(RV_T2, RV_A2, record + ARCH_FILTER_SHIFT));
	emit(e, rv_ld(RV_T3, RV_A2, record + ARCH_FILTER_TO));
	emit(e, rv_mulhu(RV_A4, RV_T0, RV_T1));
	emit(e, rv_mul(RV_A5, RV_T0, RV_T1));
	emit(e, rv_xor(RV_A5, RV_A5, RV_A4));
	emit(e, rv_mul(RV_T1, RV_A5, RV_T1));
	emit(e, rv_srl(RV_T1, RV_T1, RV_T2));
	emit(e, rv_andi(RV_T1, RV_T1, -16));
	set_label(e, PROBE + i);
	emit(e, rv_add(RV_A4, RV_T3, RV_T1));
	emit(e, rv_ld(RV_A5, RV_A4, 0));
	emit_to(e, COLLIDE + i, rv_bne(RV_A5, RV_T0, 0));
	emit(e, rv_ld(RV_A2, RV_A4, 8));
	emit_to(e, miss, rv_beq(RV_A2, RV_ZERO, 0));
}

/* The next slot; shifted up and down, the place comes back to 0 behind the last one. */
static void
emit_collision(struct emitter *e, uint32_t i, uint32_t miss)
{
	set_label(e, COLLIDE + i);
	emit(e, rv_ld(RV_A5, RV_A4, 8));
	emit_to(e, miss, rv_beq(RV_A5, RV_ZERO, 0));
	emit(e, rv_addi(RV_T1, RV_T1, 16));
	emit(e, rv_sll(RV_T1, RV_T1, RV_T2));
	emit(e, rv_srl(RV_T1, RV_T1, RV_T2));
	emit_to(e, PROBE + i, rv_beq(RV_ZERO, RV_ZERO, 0));
}

/* `bytes` of the packet exist from the base on, unless that is known. Returns what is known now. */
static uint32_t
emit_length(struct emitter *e, uint32_t bytes, uint32_t known, uint32_t miss)
{
	if (bytes <= known) {
		return known;
	}
	emit(e, rv_addi(RV_T0, RV_A0, (int32_t)bytes));
	emit_to(e, miss, rv_bltu(RV_A1, RV_T0, 0));
	return bytes;
}

/* The furthest byte of items [from, end) up to and with the first that moves the base. */
static uint32_t
furthest(const struct arch_filter_shape *s, uint32_t from, uint32_t end)
{
	uint32_t bytes = 0;

	for (uint32_t i = from; i < end; i++) {
		bytes = s->item[i].end > bytes ? s->item[i].end : bytes;
		if (s->item[i].kind == ARCH_FILTER_MOVE) {
			break;
		}
	}
	return bytes;
}

/* Where the record has item i. */
static int32_t
record_of(const struct arch_filter_shape *s, uint32_t i)
{
	uint32_t tests = i < s->tests ? i : s->tests;

	return (int32_t)(ARCH_FILTER_TESTS + tests * ARCH_FILTER_TEST_BYTES +
			 (i - tests) * ARCH_FILTER_BRANCH_BYTES);
}

/* The run. What an only branch needs is checked with it. Returns the bytes known behind. */
static uint32_t
emit_run(struct emitter *e, const struct arch_filter_shape *s)
{
	uint32_t end = s->tests + (s->branches == 1 && !s->hit);
	uint32_t known = s->known_bytes;

	for (uint32_t i = 0; i < s->tests; i++) {
		known = emit_length(e, furthest(s, i, end), known, MISS);
		if (s->item[i].kind == ARCH_FILTER_MOVE) {
			emit_move(e, &s->item[i], record_of(s, i), MISS);
			known = 0;
		} else {
			emit_compare(e, &s->item[i], record_of(s, i), MISS);
		}
	}
	return known;
}

/* a2 = where branch i leads, or to `miss`. */
static void
emit_follow(struct emitter *e, const struct arch_filter_shape *s, uint32_t i, uint32_t known,
	    uint32_t miss)
{
	const struct arch_filter_item *item = &s->item[s->tests + i];
	int32_t record = record_of(s, s->tests + i);

	(void)emit_length(e, item->end, known, miss);
	if (item->kind == ARCH_FILTER_TABLE) {
		emit_lookup(e, item, record, i, miss);
		return;
	}
	if (item->kind == ARCH_FILTER_MOVE) {
		emit_move(e, item, record, miss);
	} else {
		emit_compare(e, item, record, miss);
	}
	emit(e, rv_ld(RV_A2, RV_A2, record + ARCH_FILTER_TO));
}

/* All branches but the last are calls, whether they miss or not. */
static void
emit_calls(struct emitter *e, const struct arch_filter_shape *s, uint32_t known)
{
	emit(e, rv_addi(RV_SP, RV_SP, -FRAME_BYTES));
	emit(e, rv_sd(RV_RA, RV_SP, 0));
	emit(e, rv_sd(RV_A0, RV_SP, 8));
	emit(e, rv_sd(RV_A2, RV_SP, 16));
	for (uint32_t i = 0; i + 1 < s->branches; i++) {
		emit_follow(e, s, i, known, NEXT + i);
		emit(e, rv_ld(RV_T0, RV_A2, ARCH_FILTER_CODE));
		emit(e, rv_jalr(RV_RA, RV_T0, 0));
		emit(e, rv_addi(RV_A3, RV_A0, 0));
		set_label(e, NEXT + i);
		emit(e, rv_ld(RV_A0, RV_SP, 8));
		emit(e, rv_ld(RV_A2, RV_SP, 16));
	}
	emit(e, rv_ld(RV_RA, RV_SP, 0));
	emit(e, rv_addi(RV_SP, RV_SP, FRAME_BYTES));
}

/* A hit; a3, or where nothing follows a0, is the end of them then. */
static void
emit_hit(struct emitter *e, uint32_t end)
{
	emit(e, rv_sd(RV_A2, RV_A3, 0));
	emit(e, rv_sd(RV_A0, RV_A3, 8));
	emit(e, rv_addi(end, RV_A3, 16));
}

static void
emit_branches(struct emitter *e, const struct arch_filter_shape *s, uint32_t known)
{
	uint32_t last = s->branches - 1u;

	if (s->branches > 1) {
		emit_calls(e, s, known);
	}
	emit_follow(e, s, last, known, MISS);
	emit(e, rv_ld(RV_T0, RV_A2, ARCH_FILTER_CODE));
	emit(e, rv_jalr(RV_ZERO, RV_T0, 0));
	for (uint32_t i = 0; i < s->branches; i++) {
		if (s->item[s->tests + i].kind == ARCH_FILTER_TABLE) {
			emit_collision(e, i, i < last ? NEXT + i : MISS);
		}
	}
}

int64_t
arch_filter_compile(const struct arch_filter_shape *shape, uint32_t *code, size_t bytes)
{
	struct emitter e;
	uint32_t known;

	e.code = code;
	e.words = e.fixups = 0;
	e.room = (uint32_t)(bytes / sizeof(*code));
	known = emit_run(&e, shape);
	if (shape->hit) {
		emit_hit(&e, shape->branches ? RV_A3 : RV_A0);
	}
	if (shape->branches) {
		emit_branches(&e, shape, known);
	} else {
		emit(&e, rv_jalr(RV_ZERO, RV_RA, 0));
	}
	set_label(&e, MISS);
	emit(&e, rv_addi(RV_A0, RV_A3, 0));
	emit(&e, rv_jalr(RV_ZERO, RV_RA, 0));
	if (e.words > e.room) {
		return E_NOSPACE;
	}
	fix_up(&e);
	return e.words * (int64_t)sizeof(*code);
}
