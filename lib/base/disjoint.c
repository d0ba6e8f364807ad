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

/* Byte `offset` of the packet as atom a tests it: mask and value; mask 0 if it does not. */
static void
byte_of(const struct exo_atom *a, uint32_t offset, uint8_t *mask, uint8_t *value)
{
	uint32_t shift;

	*mask = 0;
	*value = 0;
	if (offset >= a->offset && offset < (uint32_t)a->offset + a->width) {
		shift = 8 * (a->width - 1 - (offset - a->offset));
		*mask = (uint8_t)(a->mask >> shift);
		*value = (uint8_t)(a->value >> shift);
	}
}

static bool
conflict(const struct exo_atom *a, const struct exo_atom *b)
{
	for (uint32_t i = a->offset; i < (uint32_t)a->offset + a->width; i++) {
		uint8_t mask_a, value_a, mask_b, value_b;

		byte_of(a, i, &mask_a, &value_a);
		byte_of(b, i, &mask_b, &value_b);
		if ((value_a ^ value_b) & mask_a & mask_b) {
			return true;
		}
	}
	return false;
}

/* Index behind the atoms of the base that starts at `from`: its closing shift, or count. */
static uint32_t
base_end(const struct exo_atom *atoms, uint32_t count, uint32_t from)
{
	while (from < count && atoms[from].kind != EXO_ATOM_SHIFT) {
		from++;
	}
	return from;
}

static bool
conflict_within(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
		uint32_t b_count)
{
	for (uint32_t i = 0; i < a_count; i++) {
		for (uint32_t j = 0; j < b_count; j++) {
			if (conflict(&a[i], &b[j])) {
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

bool
atoms_disjoint(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
	       uint32_t b_count)
{
	uint32_t i = 0;
	uint32_t j = 0;

	for (;;) {
		uint32_t i_end = base_end(a, a_count, i);
		uint32_t j_end = base_end(b, b_count, j);

		if (conflict_within(a + i, i_end - i, b + j, j_end - j)) {
			return true;
		}
		if (i_end == a_count || j_end == b_count || !same_shift(&a[i_end], &b[j_end])) {
			return false;
		}
		i = i_end + 1;
		j = j_end + 1;
	}
}
