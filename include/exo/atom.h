/* SPDX-License-Identifier: MIT
 * atom.h: packet filters as data. A filter is a conjunction of atoms; reading past the packet is
 * no match.
 *
 * compare: the `width` bytes at base + offset, big-endian, ANDed with mask, equal value.
 * shift:   base += (the byte(s) at base + offset & mask) << scale, for variable headers (IPv4:
 * offset 14, mask 0x0f, scale 2). A derived filter is its parent's conjunction plus its own atoms:
 * authority over packets is only ever narrowed.
 */
#ifndef EXO_ATOM_H
#define EXO_ATOM_H

#include <exo/types.h>

enum exo_atom_kind {
	EXO_ATOM_COMPARE = 1,
	EXO_ATOM_SHIFT = 2,
};

struct exo_atom {
	uint8_t kind;
	uint8_t width; /* 1, 2, 4 or 8 bytes */
	uint8_t scale; /* shift only */
	uint8_t zero;
	uint16_t offset; /* from the base, bytes */
	uint16_t zero2;
	uint64_t mask;
	uint64_t value; /* compare only */
};

#define EXO_ATOMS_MAX     16
#define EXO_TRANSMIT_SPAN 128 /* transmit atoms read only the first 128 bytes of a packet */

/* What exo_carve and exo_share add to a PACKET capability: receive atoms, then transmit atoms. */
struct exo_filter {
	uint32_t receive_atoms;
	uint32_t transmit_atoms;
	struct exo_atom atoms[2 * EXO_ATOMS_MAX];
};

#endif
