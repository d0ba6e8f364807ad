/* SPDX-License-Identifier: MIT
 * disjoint.h: can a packet pass two conjunctions of atoms?
 */
#ifndef LIB_BASE_DISJOINT_H
#define LIB_BASE_DISJOINT_H

#include <exo/atom.h>
#include <stdbool.h>
#include <stdint.h>

/* True if provably no packet passes both: some byte under the same base must have two values.
 * False says nothing. The atoms are well formed. */
bool atoms_disjoint(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
		    uint32_t b_count);

/* The same for one and several others, as long as there is patience. */
#define DISJOINT_NONE UINT32_MAX
struct disjoint_search {
	uint32_t patience; /* pairs of atoms that may still be looked at */
	uint32_t a;        /* the pair that told the last two apart, DISJOINT_NONE: none */
	uint32_t b;
};
bool atoms_disjoint_soon(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
			 uint32_t b_count, struct disjoint_search *s);
/* How many stand before the first shift. */
uint32_t atoms_plain(const struct exo_atom *atoms, uint32_t count);

/* Do two comparisons under the same base want different values of a bit? Both are looked at as
 * big-endian numbers that end at the same byte: what ends later is moved. */
static inline bool
atoms_conflict(const struct exo_atom *a, const struct exo_atom *b)
{
	int later = 8 * (b->offset + b->width - a->offset - a->width);

	if (!later) { /* mostly */
		return ((b->value ^ a->value) & b->mask & a->mask) != 0;
	}
	if (later >= 64 || later <= -64) {
		return false;
	}
	return later > 0 ? ((b->value >> later ^ a->value) & b->mask >> later & a->mask) != 0
			 : ((a->value >> -later ^ b->value) & a->mask >> -later & b->mask) != 0;
}

#endif
