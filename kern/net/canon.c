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

/* Units of 50 instructions. */
#define COMPARE_WORK 4  /* in one word, if there are few; */
#define WORDS_A_UNIT 8  /* so many are moved to make room for one */
#define SHIFT_WORK   24 /* eight bytes, each looked for in all words */
#define WORD_WORK    3
_Static_assert(SHIFT_WORK + WORD_WORK <= CANON_WORK_MIN, "each step does something");

static void
need(struct canon_base *b, uint32_t bytes)
{
	b->need = bytes > b->need ? bytes : b->need;
}

static int32_t
word_start(const struct canon_base *b, uint32_t at)
{
	return (int32_t)((at + b->skew) & ~(b->align - 1)) - (int32_t)b->skew;
}

/* Where in the order the word that starts there is, or should be. */
static int32_t *
word_place(struct canon_base *b, int32_t start)
{
	int32_t *at = b->order + b->words;

	start *= 256;
	while (at > b->order && at[-1] >= start) {
		at--;
	}
	return at;
}

static struct canon_word *
word_at(struct canon_base *b, const int32_t *place)
{
	return &b->word[*place & 255];
}

static bool
is_word(const struct canon_base *b, const int32_t *place, int32_t start)
{
	return place < b->order + b->words && *place >> 8 == start;
}

/* The word that starts there, NULL: no bit of it is fixed. */
static struct canon_word *
word_find(struct canon_base *b, int32_t start)
{
	const int32_t *place = word_place(b, start);

	return is_word(b, place, start) ? word_at(b, place) : NULL;
}

static struct canon_word *
word_make(struct canon_base *b, int32_t start)
{
	int32_t *place = word_place(b, start);
	struct canon_word *w = &b->word[b->words];

	if (is_word(b, place, start)) {
		return word_at(b, place);
	}
	if (b->words == CANON_WORDS_MAX) {
		return NULL;
	}
	for (int32_t *at = b->order + b->words; at > place; at--) {
		at[0] = at[-1];
	}
	*place = start * 256 + (int32_t)b->words++;
	w->start = start;
	w->mask = w->value = w->known = 0;
	return w;
}

/* The word that starts there has these bits. */
static int
fix_bits(struct canon_base *b, int32_t start, uint64_t mask, uint64_t value)
{
	struct canon_word *w = word_make(b, start);

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

static int
add_compare(struct canon_base *b, const struct exo_atom *a)
{
	uint32_t at = b->delta + a->offset;
	uint64_t mask = filter_in_memory(a->mask, a->width);
	uint64_t value = filter_in_memory(a->value, a->width);
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
fixed_bits(struct canon_base *b, uint32_t at, uint32_t width, uint64_t *value)
{
	uint64_t mask = 0;

	*value = 0;
	for (uint32_t end = at + width; at < end; at++) {
		int32_t start = word_start(b, at);
		uint32_t shift = 8 * (uint32_t)((int32_t)at - start);
		const struct canon_word *w = word_find(b, start);

		mask = mask << 8 | (w ? w->mask >> shift & 0xff : 0);
		*value = *value << 8 | (w ? w->value >> shift & 0xff : 0);
	}
	return mask;
}

/* One test more, to be filled in; NULL: there are too many. */
static struct filter_test *
append(struct canon *c)
{
	return c->count < CANON_TESTS_MAX ? &c->test[c->count++] : NULL;
}

/* A test of the bits in `mask` of a word: by the smallest aligned load that has them all. */
static int
append_word(struct canon *c, const struct canon_word *w, uint64_t mask)
{
	struct filter_test *test = append(c);
	uint32_t low = 0;
	uint32_t high = 7;
	uint32_t width = 1;

	if (!test) {
		return E_LIMIT;
	}
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
	test->field = (struct test_field){.offset = (int16_t)(w->start + (int32_t)low),
					  .end = (uint16_t)(w->start + (int32_t)high + 1),
					  .width = (uint8_t)width,
					  .kind = TEST_COMPARE};
	test->mask = mask >> 8 * low;
	test->value = (w->value & mask) >> 8 * low;
	return 0;
}

/* A test of nothing but that so many bytes exist. */
static int
append_length(struct canon *c, uint32_t bytes)
{
	struct filter_test *test = append(c);

	if (!test) {
		return E_LIMIT;
	}
	*test = (struct filter_test){.field = {.offset = (int16_t)(bytes - 1),
					       .end = (uint16_t)bytes,
					       .width = 1,
					       .kind = TEST_COMPARE}};
	return 0;
}

/* The next word of a base that is being closed. */
static int
close_word(struct canon_base *b, struct canon *c)
{
	const struct canon_word *w = word_at(b, &b->order[b->closed]);
	uint64_t mask = w->mask & ~w->known;
	int error = mask ? append_word(c, w, mask) : 0;

	if (mask && !error) {
		b->covered = test_known(&c->test[c->count - 1].field, b->covered);
	}
	b->closed++;
	return error;
}

/* The tests of a base; what follows makes sure of `covered` bytes. c NULL: it is the parent's, so
 * they are made already. */
static int
close_base(struct canon_base *b, struct canon *c, uint32_t covered, uint32_t *work)
{
	int error = 0;

	while (c && b->closed < b->words && !error) {
		error = canon_spend(work, WORD_WORK) ? close_word(b, c) : CANON_AGAIN;
	}
	covered = b->covered > covered ? b->covered : covered;
	covered = b->known_bytes > covered ? b->known_bytes : covered;
	return error ? error : c && b->need > covered ? append_length(c, b->need) : 0;
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
begin_base(struct canon_base *b, uint64_t steps)
{
	uint64_t align = steps & (~steps + 1);

	b->words = 0;
	b->align = align < b->align ? (uint32_t)align : b->align;
	b->skew &= b->align - 1;
	b->need = b->delta;
	b->known_bytes = 0;
	b->closed = b->covered = 0;
}

static int
add_shift(struct canon_base *b, const struct exo_atom *a, struct canon *c, uint32_t *work)
{
	uint32_t at = b->delta + a->offset;
	uint64_t value;
	uint64_t fixed = fixed_bits(b, at, a->width, &value);
	struct filter_test test;
	struct filter_test *to = NULL;
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
	error = close_base(b, c, test.field.end, work);
	if (error) {
		return error;
	}
	if (c) {
		to = append(c);
		if (!to) {
			return E_LIMIT;
		}
		*to = test;
	}
	begin_base(b, a->mask << a->scale);
	return 0;
}

/* In units. */
static uint32_t
atom_work(const struct canon_base *b, const struct exo_atom *a)
{
	uint32_t at = b->delta + a->offset + b->skew;
	bool is_across = (at & (b->align - 1)) + a->width > b->align;

	return a->kind == EXO_ATOM_SHIFT
		       ? SHIFT_WORK
		       : (COMPARE_WORK + b->words / WORDS_A_UNIT) << is_across;
}

/* Nothing is changed if it has to be done again. */
static int
add_atom(struct canon_work *w, struct canon *c, uint32_t *work)
{
	const struct exo_atom *a = &w->atom[w->next];
	struct canon_base *b = &w->base;

	if (!canon_spend(work, atom_work(b, a))) {
		return CANON_AGAIN;
	}
	need(b, b->delta + a->offset + a->width);
	if (b->need > CANON_SPAN) {
		return E_RANGE;
	}
	return a->kind == EXO_ATOM_SHIFT ? add_shift(b, a, c, work) : add_compare(b, a);
}

/* The parent's atoms are done. */
static void
begin_own(struct canon_work *w, struct canon *c)
{
	struct canon_base *b = &w->base;

	for (uint32_t i = 0; i < b->words; i++) {
		b->word[i].known = b->word[i].mask;
	}
	c->count = 0;
	c->known_bytes = b->known_bytes = b->need;
	w->is_own = true;
}

void
canon_begin(struct canon_work *w, uint32_t atoms, uint32_t parent_atoms)
{
	struct canon_base *b = &w->base;

	w->atoms = atoms;
	w->parent_atoms = parent_atoms;
	w->next = 0;
	w->is_own = false;
	b->words = b->delta = b->need = b->known_bytes = b->closed = b->covered = 0;
	b->align = 8;
	b->skew = FRAME_SKEW;
}

int
canon_step(struct canon_work *w, struct canon *c, uint32_t *work)
{
	for (;; w->next++) {
		int error;

		if (w->next == w->parent_atoms && !w->is_own) {
			begin_own(w, c);
		}
		if (w->next == w->atoms) {
			break;
		}
		error = add_atom(w, w->is_own ? c : NULL, work);
		if (error) {
			return error;
		}
	}
	c->need_bytes = w->base.need;
	return close_base(&w->base, c, 0, work);
}

int
canon_make(struct canon *c, const struct exo_atom *parent, uint32_t parent_atoms,
	   const struct exo_atom *own, uint32_t own_atoms)
{
	struct canon_work w;
	uint32_t work = UINT32_MAX;

	for (uint32_t i = 0; i < parent_atoms + own_atoms; i++) {
		w.atom[i] = i < parent_atoms ? parent[i] : own[i - parent_atoms];
	}
	canon_begin(&w, parent_atoms + own_atoms, parent_atoms);
	return canon_step(&w, c, &work);
}
