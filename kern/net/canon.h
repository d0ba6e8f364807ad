/* SPDX-License-Identifier: MIT
 * canon.h: the canonical form of a filter: what it tests beyond its parent, as aligned words.
 */
#ifndef KERN_NET_CANON_H
#define KERN_NET_CANON_H

#include <stdbool.h>
#include <stdint.h>
#include <exo/atom.h>
#include "kern/net/filter.h"

/* Offsets from a base stay below: they fit the 12 bits of a load. */
#define CANON_SPAN 2047
/* Own tests of one filter; the rest of what 16 atoms can say gets E_LIMIT. */
#define CANON_TESTS_MAX 24

enum test_kind {
	TEST_COMPARE = 1,
	TEST_SHIFT,
};

/* Which bytes a test reads. With the mask it is the test's identity: filters of one kind, however
 * their atoms were written, have the same fields in the same order. */
struct test_field {
	int16_t offset;      /* of the word, from the base; may begin FRAME_SKEW before it */
	uint16_t end;        /* bytes from the base on that must exist */
	uint8_t width;       /* compare: 1, 2, 4, 8, aligned; shift: 1 to 8, bytes */
	uint8_t kind;        /* enum test_kind */
	uint8_t scale;       /* shift only */
	uint8_t table_shift; /* not of the field: of the branch that tests it, see values.c */
};

/* compare: the word in memory order (little-endian), under mask, equals value.
 * shift:   base += (big-endian number & mask) << scale; value is 0. */
struct filter_test {
	struct test_field field;
	uint64_t mask;
	uint64_t value;
};

struct canon {
	uint32_t count;
	uint32_t known_bytes; /* exist, from the base where the own tests begin, for the parent */
	uint32_t need_bytes;  /* the same for children of this one, from its last base */
	struct filter_test test[CANON_TESTS_MAX];
};

/* What is fixed of the base reached so far. */
#define CANON_WORDS_MAX 24
struct canon_base {
	uint32_t words;
	uint32_t delta; /* constant shifts: what offsets of atoms count from */
	uint32_t align; /* the base is `skew` modulo `align` */
	uint32_t skew;
	uint32_t need;        /* bytes that exist if all atoms so far hold */
	uint32_t known_bytes; /* if the parent's hold */
	uint32_t closed;      /* words that have become tests, when it is being closed; */
	uint32_t covered;     /* those make sure of so many bytes */
	struct canon_word {
		int32_t start; /* offset from the base */
		uint64_t mask; /* fixed bits, memory order */
		uint64_t value;
		uint64_t known;         /* those the parent fixes */
	} word[CANON_WORDS_MAX];        /* as they came */
	int32_t order[CANON_WORDS_MAX]; /* as they lie: start << 8 | index in word[] */
};

/* A form in the making: the atoms of the whole conjunction, the parent's first. */
struct canon_work {
	uint32_t atoms;
	uint32_t parent_atoms;
	uint32_t next;
	bool is_own; /* the parent's are done */
	struct canon_base base;
	struct exo_atom atom[EXO_ATOMS_MAX];
};

/* To begin: `atom` is there, of them so many, the first of them the parent's. */
void canon_begin(struct canon_work *w, uint32_t atoms, uint32_t parent_atoms);
/* The own part of the filter, as far as *work goes, which becomes less: units of some 50
 * instructions, CANON_WORK_MIN at least. CANON_AGAIN: there is more to do. 0: done. Or E_INVAL:
 * nothing can match, two atoms want different values of a bit; E_RANGE: reads beyond CANON_SPAN, or
 * a shift could go backwards; E_LIMIT: too many words. All atoms are well formed (filter_check). */
#define CANON_WORK_MIN 27
#define CANON_AGAIN    1
/* So much more work, if there is so much left. */
static inline bool
canon_spend(uint32_t *work, uint32_t units)
{
	if (*work < units) {
		return false;
	}
	*work -= units;
	return true;
}
int canon_step(struct canon_work *w, struct canon *c, uint32_t *work);
/* The same at once: parent AND own. */
int canon_make(struct canon *c, const struct exo_atom *parent, uint32_t parent_atoms,
	       const struct exo_atom *own, uint32_t own_atoms);

/* Do two tests read the same bits? */
static inline bool
test_same_field(const struct test_field *a, uint64_t a_mask, const struct filter_test *b)
{
	return a->offset == b->field.offset && a->end == b->field.end &&
	       a->width == b->field.width && a->kind == b->field.kind &&
	       a->scale == b->field.scale && a_mask == b->mask;
}

/* Bytes known to exist after a test; `known` before it. A shift leads to a new base. */
static inline uint32_t
test_known(const struct test_field *f, uint32_t known)
{
	return f->kind == TEST_SHIFT ? 0 : f->end > known ? f->end : known;
}

#endif
