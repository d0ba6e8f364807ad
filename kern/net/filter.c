/* SPDX-License-Identifier: MIT
 * filter.c: packet filters, evaluated one by one. Pure: no state, no arch.
 *
 * Whether two are disjoint says lib/base/disjoint.c: for the manifest's checker as well.
 * Callers: kern/net/nic.c. Design: docs/design/network.md
 */
#include "kern/net/filter.h"
#include <exo/errors.h>
#include "lib/base/checked.h"
#include "lib/base/disjoint.h"
#include "lib/base/string.h"

#define OFFSET_MAX 2048

/* What a field of so many bytes can be; 0: none is so wide. */
static const uint64_t width_mask[] = {0, 0xff, 0xffff, 0, 0xffffffff, 0, 0, 0, ~0ul};

static int
check_atom(const struct exo_atom *a)
{
	uint64_t widest = a->width < ARRAY_SIZE(width_mask) ? width_mask[a->width] : 0;

	if (!widest || a->zero | a->zero2 || a->mask & ~widest) {
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
	memcpy(to + *count, from, n * sizeof(*from));
	*count += n;
	return 0;
}

int
filter_derive(struct filter *child, const struct filter *parent, const struct exo_filter *f)
{
	int error;

	child->receive_atoms = 0;
	child->transmit_atoms = 0;
	append(child->receive, &child->receive_atoms, parent->receive, parent->receive_atoms);
	append(child->transmit, &child->transmit_atoms, parent->transmit, parent->transmit_atoms);
	error = append(child->receive, &child->receive_atoms, f->atoms, f->receive_atoms);
	if (!error) {
		error = append(child->transmit, &child->transmit_atoms, f->atoms + f->receive_atoms,
			       f->transmit_atoms);
	}
	child->receive_plain = atoms_plain(child->receive, child->receive_atoms);
	return error;
}

static bool
read_field(const uint8_t *packet, size_t bytes, uint64_t at, uint32_t width, uint64_t *value)
{
	if (at > bytes || width > bytes - at) {
		return false;
	}
	packet += at;
	*value = *packet;
	while (--width) {
		*value = *value << 8 | *++packet;
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

void
filter_words(struct exo_atom *atoms, uint32_t count)
{
	for (struct exo_atom *a = atoms; a < atoms + count; a++) {
		uint32_t at = (FRAME_SKEW + a->offset) % sizeof(a->mask);

		a->zero = (uint8_t)(FRAME_SKEW + a->offset - at);
		a->scale = (uint8_t)(8 * at);
		a->offset += a->width;
		a->mask = filter_in_memory(a->mask, a->width);
		a->value = filter_in_memory(a->value, a->width);
	}
}
