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

#endif
