/* SPDX-License-Identifier: MIT
 * filter.c: packet filters, evaluated one by one. Pure: no state, no arch.
 *
 * Two filters are disjoint if a bit that both test, at the same place under the same base, must be
 * 0 for one and 1 for the other. The base is the same where the shifts before it are the same
 * atoms in the same order. That is sufficient, not necessary: a carve that is disjoint for a
 * reason we do not see is refused, never the other way round. Callers: kern/net/nic.c. Design:
 * docs/design/network.md
 */
#include "kern/net/filter.h"
#include <exo/errors.h>

#define OFFSET_MAX 2048

static bool
width_ok(uint32_t width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

static uint64_t
width_mask(uint32_t width)
{
	return width == 8 ? ~0ul : (1ul << 8 * width) - 1;
}

static int
check_atom(const struct exo_atom *a)
{
	if (!width_ok(a->width) || a->zero || a->zero2 || a->mask & ~width_mask(a->width)) {
		return E_INVAL;
	}
	if (a->kind == EXO_ATOM_COMPARE) {
		return a->scale || a->value & ~a->mask ? E_INVAL
		       : a->offset >= OFFSET_MAX       ? E_RANGE
						       : 0;
	}
	return a->kind != EXO_ATOM_SHIFT || a->value || a->scale > 8 ? E_INVAL
	       : a->offset >= OFFSET_MAX                             ? E_RANGE
								     : 0;
}

int
filter_check(const struct exo_filter *f)
{
	if (f->receive_atoms > EXO_ATOMS_MAX || f->transmit_atoms > EXO_ATOMS_MAX) {
		return E_LIMIT;
	}
	for (uint32_t i = 0; i < f->receive_atoms + f->transmit_atoms; i++) {
		const struct exo_atom *a = &f->atoms[i];
		int error = check_atom(a);

		if (error) {
			return error;
		}
		if (i >= f->receive_atoms &&
		    (a->kind != EXO_ATOM_COMPARE || a->offset + a->width > EXO_TRANSMIT_SPAN)) {
			return E_RANGE;
		}
	}
	return 0;
}

static int
append(struct exo_atom *to, uint32_t *count, const struct exo_atom *from, uint32_t n)
{
	if (n > EXO_ATOMS_MAX - *count) {
		return E_LIMIT;
	}
	for (uint32_t i = 0; i < n; i++) {
		to[(*count)++] = from[i];
	}
	return 0;
}

int
filter_derive(struct filter *child, const struct filter *parent, const struct exo_filter *f)
{
	int error;

	*child = *parent;
	error = append(child->receive, &child->receive_atoms, f->atoms, f->receive_atoms);
	if (!error) {
		error = append(child->transmit, &child->transmit_atoms, f->atoms + f->receive_atoms,
			       f->transmit_atoms);
	}
	return error;
}

static bool
read_field(const uint8_t *packet, size_t bytes, uint64_t at, uint32_t width, uint64_t *value)
{
	*value = 0;
	if (at > bytes || width > bytes - at) {
		return false;
	}
	for (uint32_t i = 0; i < width; i++) {
		*value = *value << 8 | packet[at + i];
	}
	return true;
}

bool
filter_match(const struct exo_atom *atoms, uint32_t count, const uint8_t *packet, size_t bytes)
{
	uint64_t base = 0;
	uint64_t value;

	for (uint32_t i = 0; i < count; i++) {
		const struct exo_atom *a = &atoms[i];

		if (!read_field(packet, bytes, base + a->offset, a->width, &value)) {
			return false;
		}
		if (a->kind == EXO_ATOM_SHIFT) {
			base += (value & a->mask) << a->scale;
			if (base > bytes) {
				return false;
			}
		} else if ((value & a->mask) != a->value) {
			return false;
		}
	}
	return true;
}

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
filter_disjoint(const struct exo_atom *a, uint32_t a_count, const struct exo_atom *b,
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
