/* SPDX-License-Identifier: MIT
 * filter.c: packet filters, evaluated one by one. Pure: no state, no arch.
 *
 * Whether two are disjoint says lib/base/disjoint.c: for the manifest's checker as well.
 * Callers: kern/net/nic.c. Design: docs/design/network.md
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
