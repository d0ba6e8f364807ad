/* SPDX-License-Identifier: MIT
 * disjoint.c: can a packet pass two conjunctions of atoms? Pure: no state.
 *
 * Two conjunctions are disjoint if a bit that both test, at the same place under the same base,
 * must be 0 for one and 1 for the other. The base is the same where the shifts before it are the
 * same atoms in the same order. That is sufficient, not necessary: a carve that is disjoint for a
 * reason we do not see is refused, never the other way round.
 * Callers: the kernel (kern/net/nic.c) and whoever foretells what it says (lib/manifest/plan.c).
 * Design:  docs/design/network.md
 */
#include "lib/base/disjoint.h"

/* Index behind the atoms of the base that starts at `from`: its closing shift, or count. */
static uint32_t
base_end(const struct exo_atom *atoms, uint32_t count, uint32_t from)
{
	while (from < count && atoms[from].kind != EXO_ATOM_SHIFT) {
		from++;
	}
	return from;
}

/* Look at two atoms, if there is patience left. */
static inline __attribute__((always_inline)) bool
try_pair(const struct exo_atom *a, const struct exo_atom *b, uint32_t i, uint32_t j,
	 struct disjoint_search *s)
{
	if (!s->patience) {
		return false;
	}
	s->patience--;
	if (!atoms_conflict(&a[i], &b[j])) {
		return false;
	}
	s->a = i;
	s->b = j;
	return true;
}

/* Those at the same place first: filters of one kind are built alike. */
static bool
conflict_within(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
		uint32_t b_count, struct disjoint_search *s)
{
	for (uint32_t i = 0; i < a_count && i < b_count; i++) {
		if (try_pair(a, b, i, i, s)) {
			return true;
		}
	}
	for (uint32_t i = 0; i < a_count && s->patience; i++) {
		for (uint32_t j = 0; j < b_count; j++) {
			if (i != j && try_pair(a, b, i, j, s)) {
				return true;
			}
		}
	}
	return false;
}

static bool
same_shift(const struct exo_atom *a, const struct exo_atom *b)
{
	return a->width == b->width && a->scale == b->scale && a->offset == b->offset &&
	       a->mask == b->mask;
}

uint32_t
atoms_plain(const struct exo_atom *atoms, uint32_t count)
{
	return base_end(atoms, count, 0);
}

bool
atoms_disjoint_soon(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
		    uint32_t b_count, struct disjoint_search *s)
{
	uint32_t i = 0;
	uint32_t j = 0;

	for (;;) {
		uint32_t i_end = base_end(a, a_count, i);
		uint32_t j_end = base_end(b, b_count, j);

		if (conflict_within(a + i, i_end - i, b + j, j_end - j, s)) {
			s->a = i ? DISJOINT_NONE : s->a; /* known again in the first base only */
			return true;
		}
		if (i_end == a_count || j_end == b_count || !same_shift(&a[i_end], &b[j_end])) {
			return false;
		}
		i = i_end + 1;
		j = j_end + 1;
	}
}

bool
atoms_disjoint(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
	       uint32_t b_count)
{
	struct disjoint_search s = {.patience = UINT32_MAX, .a = DISJOINT_NONE};

	return atoms_disjoint_soon(a, a_count, b, b_count, &s);
}
