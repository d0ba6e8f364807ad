/* SPDX-License-Identifier: MIT
 * value.h: property values read as what the manifest's grammar calls for.
 *
 * The tree says only how long a value is; each function says whether the value is of its kind.
 * Devicetree Specification v0.4, 2.2.4. No state.
 */
#ifndef LIB_MANIFEST_VALUE_H
#define LIB_MANIFEST_VALUE_H

#include "lib/manifest/manifest.h"

/* The one, not empty string that the value is, or a null pointer. */
const char *value_string(const struct fdt_prop *prop);

/* The value as a list of at least one string; printable characters only. */
bool value_strings(const struct fdt_prop *prop, struct manifest_strings *strings);

/* One number of 4 or 8 bytes. */
bool value_number(const struct fdt_prop *prop, uint64_t *number);

/* The length of a list of tuples of so many 4-byte cells; 0 if the value is no such list. */
uint32_t value_tuples(const struct fdt_prop *prop, uint32_t cells);

/* Cell `index` of a list of cells that has so many. */
uint32_t value_cell(const struct fdt_prop *prop, uint32_t index);

#endif
