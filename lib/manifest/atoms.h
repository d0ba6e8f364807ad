/* SPDX-License-Identifier: MIT
 * atoms.h: packet filters as the manifest writes them, and whether two of them can meet.
 *
 *   atom := load "=" value | load "<<" scale        load := offset ":" width [ "&" mask ]
 *   width := 1 | 2 | 4 | 6 | 8     value := number | aa:bb:cc:dd:ee:ff | "nic" (both: width 6)
 *
 * Numbers are decimal or 0x; blanks may stand anywhere between two of these. A load of 6 bytes
 * becomes two atoms. No state, no allocation.
 */
#ifndef LIB_MANIFEST_ATOMS_H
#define LIB_MANIFEST_ATOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <exo/atom.h>

/* Appends what `text` says to atoms[*count], which holds EXO_ATOMS_MAX; "nic" stands for `mac`.
 * 0, or E_INVAL with *why set to what is wrong, in words; atoms and *count are then unspecified. */
int atoms_parse(const char *text, const uint8_t mac[6], struct exo_atom *atoms, uint32_t *count,
		const char **why);

/* Writes atoms as atoms_parse reads them, with blanks between; as far as `bytes` allow. */
void atoms_print(char *to, size_t bytes, const struct exo_atom *atoms, uint32_t count);

/* What every group-addressed (multicast or broadcast) frame passes: IEEE 802, the lowest bit of
 * the first byte is 1. */
extern const struct exo_atom atoms_group;

#endif
