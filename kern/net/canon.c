/* SPDX-License-Identifier: MIT
 * canon.c: the canonical form of a filter. Pure: no state.
 *
 * Atoms are read in order. Of the base reached so far the bits that are fixed are kept, by aligned
 * words; where all bits of a shift's field are fixed, it is no shift but a constant, and the words
 * of the base stay. A base is closed by a shift that is none, or by the end: what is fixed and was
 * not by the parent becomes tests, sorted by offset. Why this means the same as the atoms:
 * a conjunction does not depend on order; each base's bytes are read by the same tests; and `need`
 * is the furthest byte that any atom or base reached, so that reading past the packet stays no
 * match, also for bytes under a mask of 0.
 * Callers: derivation. Design: docs/design/filters.md
 */
#include "kern/net/canon.h"
#include <exo/errors.h>

#define WORDS_MAX 24

struct word {
	int32_t start; /* offset from the base */
	uint64_t mask; /* fixed bits, memory order */
	uint64_t value;
	uint64_t known; /* those the parent fixes */
};

struct base {
	uint32_t words;
	uint32_t delta; /* constant shifts: what offsets of atoms count from */
	uint32_t align; /* the base is `skew` modulo `align` */
	uint32_t skew;
	uint32_t need;               /* bytes that exist if all atoms so far hold */
	uint32_t known_bytes;        /* if the parent's hold */
	struct word word[WORDS_MAX]; /* as they came */
	int32_t order[WORDS_MAX];    /* as they lie: start << 8 | index in word[] */
};

static void
need(struct base *b, uint32_t bytes)
{
	b->need = bytes > b->need ? bytes : b->need;
}

static int32_t
word_start(const struct base *b, uint32_t at)
{
	return (int32_t)((at + b->skew) & ~(b->align - 1)) - (int32_t)b->skew;
}

/* Where in the order the word that starts there is, or should be. */
static uint32_t
word_place(const struct base *b, int32_t start)
{
	const int32_t *at = b->order + b->words;

	while (at > b->order && at[-1] >= start * 256) {
		at--;
	}
	return (uint32_t)(at - b->order);
}

static struct word *
word_at(struct base *b, uint32_t place)
{
	return &b->word[b->order[place] & 255];
}

/* The word that starts there, NULL: no bit of it is fixed. */
static struct word *
word_find(struct base *b, int32_t start)
{
	uint32_t i = word_place(b, start);

	return i < b->words && word_at(b, i)->start == start ? word_at(b, i) : NULL;
}

static struct word *
word_make(struct base *b, int32_t start)
{
	uint32_t place = word_place(b, start);
	struct word *w;

	if (place < b->words && word_at(b, place)->start == start) {
		return word_at(b, place);
	}
	if (b->words == WORDS_MAX) {
		return NULL;
	}
	for (int32_t *at = b->order + b->words; at > b->order + place; at--) {
		at[0] = at[-1];
	}
	b->order[place] = start * 256 + (int32_t)b->words;
	w = &b->word[b->words++];
	w->start = start;
	w->mask = w->value = w->known = 0;
	return w;
}

/* The word that starts there has these bits. */
static int
fix_bits(struct base *b, int32_t start, uint64_t mask, uint64_t value)
{
	struct word *w = word_make(b, start);

	if (!w) {
		return E_LIMIT;
	}
	if ((w->value ^ value) & w->mask & mask) {
		return E_INVAL;
	}
	w->mask |= mask;
	w->value |= value;
	return 0;
}

/* A big-endian number of so many bytes, in memory order. */
static uint64_t
in_memory_order(uint64_t number, uint32_t width)
{
	uint64_t word = 0;

	for (; width; width--, number >>= 8) {
		word = word << 8 | (number & 0xff);
	}
	return word;
}

static int
add_compare(struct base *b, const struct exo_atom *a)
{
	uint32_t at = b->delta + a->offset;
	uint64_t mask = in_memory_order(a->mask, a->width);
	uint64_t value = in_memory_order(a->value, a->width);
	uint64_t all = ~0ul >> (64 - 8 * b->align); /* of a word */
	int error = 0;

	while (mask && !error) {
		int32_t start = word_start(b, at);
		uint32_t skip = at - (uint32_t)start; /* bytes of the word before */
		uint32_t bits = 8 * (b->align - skip);

		if (mask << 8 * skip & all) {
			error = fix_bits(b, start, mask << 8 * skip & all, value << 8 * skip & all);
		}
		mask = bits < 64 ? mask >> bits : 0;
		value = bits < 64 ? value >> bits : 0;
		at += b->align - skip;
	}
	return error;
}

/* The fixed bits of a field, as big-endian numbers. */
static uint64_t
fixed_bits(struct base *b, uint32_t at, uint32_t width, uint64_t *value)
{
	uint64_t mask = 0;

	*value = 0;
	for (uint32_t end = at + width; at < end; at++) {
		int32_t start = word_start(b, at);
		uint32_t shift = 8 * (uint32_t)((int32_t)at - start);
		const struct word *w = word_find(b, start);

		mask = mask << 8 | (w ? w->mask >> shift & 0xff : 0);
		*value = *value << 8 | (w ? w->value >> shift & 0xff : 0);
	}
	return mask;
}

static int
append(struct canon *c, const struct filter_test *test)
{
	if (c->count == CANON_TESTS_MAX) {
		return E_LIMIT;
	}
	c->test[c->count++] = *test;
	return 0;
}

/* A test of the bits in `mask` of a word: by the smallest aligned load that has them all. */
static int
append_word(struct canon *c, const struct word *w, uint64_t mask)
{
	uint32_t low = 0;
	uint32_t high = 7;
	uint32_t width = 1;

	while (!(mask >> 8 * low & 0xff)) {
		low++;
	}
	while (!(mask >> 8 * high)) {
		high--;
	}
	while ((low & ~(width - 1)) + width <= high) {
		width *= 2;
	}
	low &= ~(width - 1);
	return append(c, &(struct filter_test){
				 .field = {.offset = (int16_t)(w->start + (int32_t)low),
					   .end = (uint16_t)(w->start + (int32_t)high + 1),
					   .width = (uint8_t)width,
					   .kind = TEST_COMPARE},
				 .mask = mask >> 8 * low,
				 .value = (w->value & mask) >> 8 * low,
			 });
}

/* A test of nothing but that so many bytes exist. */
static int
append_length(struct canon *c, uint32_t bytes)
{
	return append(c, &(struct filter_test){.field = {.offset = (int16_t)(bytes - 1),
							 .end = (uint16_t)bytes,
							 .width = 1,
							 .kind = TEST_COMPARE}});
}

/* The tests of a base; what follows makes sure of `covered` bytes. c NULL: it is the parent's, so
 * they are made already. */
static int
close_base(struct base *b, struct canon *c, uint32_t covered)
{
	covered = b->known_bytes > covered ? b->known_bytes : covered;
	for (uint32_t i = 0; c && i < b->words; i++) {
		const struct word *w = word_at(b, i);
		uint64_t mask = w->mask & ~w->known;

		if (mask) {
			int error = append_word(c, w, mask);

			if (error) {
				return error;
			}
			covered = test_known(&c->test[c->count - 1].field, covered);
		}
	}
	return c && b->need > covered ? append_length(c, b->need) : 0;
}

/* A shift whose field is not fixed, without the bytes that its mask leaves out. */
static struct filter_test
shift_test(uint32_t at, uint32_t width, uint64_t mask, uint32_t scale)
{
	for (; !(mask & 0xff); mask >>= 8) {
		scale += 8;
		width--;
	}
	for (; width > 1 && !(mask >> (8 * width - 8)); width--) {
		at++;
	}
	return (struct filter_test){.field = {.offset = (int16_t)at,
					      .end = (uint16_t)(at + width),
					      .width = (uint8_t)width,
					      .kind = TEST_SHIFT,
					      .scale = (uint8_t)scale},
				    .mask = mask};
}

/* After such a shift only that alignment is left which its mask and scale guarantee. */
static void
begin_base(struct base *b, uint64_t steps)
{
	uint64_t align = steps & (~steps + 1);

	b->words = 0;
	b->align = align < b->align ? (uint32_t)align : b->align;
	b->skew &= b->align - 1;
	b->need = b->delta;
	b->known_bytes = 0;
}

static int
add_shift(struct base *b, const struct exo_atom *a, struct canon *c)
{
	uint32_t at = b->delta + a->offset;
	uint64_t value;
	uint64_t fixed = fixed_bits(b, at, a->width, &value);
	struct filter_test test;
	int error;

	if (a->mask >> (63 - a->scale)) {
		return E_RANGE;
	}
	if (!(a->mask & ~fixed)) {
		uint64_t step = (value & a->mask) << a->scale;

		b->delta += step <= CANON_SPAN ? (uint32_t)step : CANON_SPAN + 1;
		need(b, b->delta);
		return b->delta > CANON_SPAN ? E_RANGE : 0;
	}
	test = shift_test(at, a->width, a->mask, a->scale);
	error = close_base(b, c, test.field.end);
	if (!error && c) {
		error = append(c, &test);
	}
	begin_base(b, a->mask << a->scale);
	return error;
}

static int
add_atoms(struct base *b, struct canon *c, const struct exo_atom *atoms, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct exo_atom *a = &atoms[i];
		int error;

		need(b, b->delta + a->offset + a->width);
		if (b->need > CANON_SPAN) {
			return E_RANGE;
		}
		error = a->kind == EXO_ATOM_SHIFT ? add_shift(b, a, c) : add_compare(b, a);
		if (error) {
			return error;
		}
	}
	return 0;
}

int
canon_make(struct canon *c, const struct exo_atom *parent, uint32_t parent_atoms,
	   const struct exo_atom *own, uint32_t own_atoms)
{
	struct base b;
	int error;

	b.words = b.delta = b.need = b.known_bytes = 0;
	b.align = 8;
	b.skew = FRAME_SKEW;
	c->count = 0;
	error = add_atoms(&b, NULL, parent, parent_atoms);
	if (error) {
		return error;
	}
	for (uint32_t i = 0; i < b.words; i++) {
		b.word[i].known = b.word[i].mask;
	}
	c->known_bytes = b.known_bytes = b.need;
	error = add_atoms(&b, c, own, own_atoms);
	c->need_bytes = b.need;
	return error ? error : close_base(&b, c, 0);
}
