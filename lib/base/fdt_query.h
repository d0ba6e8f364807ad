/* SPDX-License-Identifier: MIT
 * fdt_query.h: finding device tree nodes by path or by "compatible", and reading property values.
 *
 * Devicetree Specification v0.4, 2.2 and 2.3, over a tree that fdt_open accepted. Like all of the
 * reader it is bounded for every such tree, copies nothing and takes a negative node for one that
 * has nothing, so calls can be nested: fdt_text(f, fdt_path(f, "/chosen"), "bootargs").
 */
#ifndef LIB_BASE_FDT_QUERY_H
#define LIB_BASE_FDT_QUERY_H

#include "lib/base/fdt.h"

#define FDT_NODE_NONE (-1) /* "before the first node" for fdt_next_compatible */

/* The child called `name` (name_bytes long). Without @ in it, it matches the first child whose
 * name up to its @ is equal. */
int fdt_child(const struct fdt *fdt, int node, const char *name, size_t name_bytes);

/* The node of "/a/b@1/c", or of "alias/b/c" with the first part looked up in /aliases (3.3). ""
 * is not found. */
int fdt_path(const struct fdt *fdt, const char *path);

/* The node that /chosen/stdout-path names (3.6); what follows a ':' in it is skipped. */
int fdt_stdout(const struct fdt *fdt);

/* Numbers. E_NOENT: no such property. E_FORMAT: not 4 bytes (u32), or neither 4 nor 8 (u64:
 * firmware writes either). */
int fdt_u32(const struct fdt *fdt, int node, const char *name, uint32_t *value);
int fdt_u64(const struct fdt *fdt, int node, const char *name, uint64_t *value);

/* Cell `index` of a property that is a list of cells. E_NOENT: no such property or not so many.
 * E_FORMAT: bytes % 4. */
int fdt_u32_at(const struct fdt *fdt, int node, const char *name, uint32_t index, uint32_t *value);

/* String `index` of a property that is a list of strings; 0 behind the last, or if it does not end
 * inside the property. */
const char *fdt_string_at(const struct fdt *fdt, int node, const char *name, uint32_t index);

/* The only or first string of a property, or 0. */
const char *fdt_text(const struct fdt *fdt, int node, const char *name);

/* True if one of the strings in the node's "compatible" is exactly `compatible`. */
bool fdt_compatible(const struct fdt *fdt, int node, const char *compatible);

/* The same for an entry of the 0-terminated `list`. */
bool fdt_compatible_any(const struct fdt *fdt, int node, const char *const *list);

/* The first node behind `after` (FDT_NODE_NONE: from the start) compatible with an entry of the
 * 0-terminated `list`. */
int fdt_next_compatible(const struct fdt *fdt, int after, const char *const *list);

/* False if the node has a "status" other than "okay" or "ok" (2.3.4). Says nothing about its
 * parents. */
bool fdt_status_ok(const struct fdt *fdt, int node);

#endif
