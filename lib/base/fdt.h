/* SPDX-License-Identifier: MIT
 * fdt.h: read-only, bounded reader of flattened device trees (Devicetree Specification v0.4,
 * chapter 5).
 *
 * fdt_open checks the whole blob once; afterwards no function reads outside it, whatever node or
 * property it is asked for. Nothing is copied: names and values point into the blob, which must
 * stay in place and unchanged. The blob may have any alignment. No recursion, no allocation, no
 * state but struct fdt. Any context. A node is its offset in the structure block (>= 0; negative
 * numbers are errors, and every function takes a negative node for one that has nothing). Only
 * use nodes that these functions returned. Searches are linear in the size of the tree.
 * Addresses, interrupts and phandles are in fdt_bus.h.
 */
#ifndef LIB_BASE_FDT_H
#define LIB_BASE_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_DEPTH_MAX 32	/* deepest nesting that fdt_open accepts; the root is at depth 1 */
#define FDT_NODE_NONE (-1)	/* "before the first node" for fdt_next_compatible */

struct fdt {
	const uint8_t *blob;
	uint32_t total_bytes;
	uint32_t reserve_offset;	/* of the memory reservation block, from blob */
	uint32_t reservations;		/* entries in it, without the terminator */
	uint32_t struct_offset;		/* of the structure block, from blob */
	uint32_t struct_bytes;		/* up to and including FDT_END */
	uint32_t strings_offset;
	uint32_t strings_bytes;
	int root;
};

struct fdt_prop {
	const char *name;
	const uint8_t *value;	/* big-endian cells, strings or bytes; no alignment promised */
	uint32_t bytes;
	int next;		/* private to fdt_next_prop */
};

/* Reads the magic number and total size from the first 8 bytes, for a caller that was given only
 * an address. Returns the size in bytes or E_FORMAT. */
int fdt_peek_size(const void *header);

/* Checks everything in `blob`, of which `bytes` may be read. 0, or E_TRUNCATED (blob says it is
 * longer than bytes, or a part ends early), E_FORMAT (not a device tree, or a malformed one),
 * E_RANGE (nested deeper than FDT_DEPTH_MAX). */
int fdt_open(struct fdt *fdt, const void *blob, size_t bytes);

/* Size of the blob in bytes as its header states it. */
uint32_t fdt_total_size(const struct fdt *fdt);

/* Entry `index` of the memory reservation block (5.3). False behind the last. */
bool fdt_reservation(const struct fdt *fdt, uint32_t index, uint64_t *address, uint64_t *bytes);

/* Walking. All return a node, or E_NOENT where there is none. */
int fdt_root(const struct fdt *fdt);
int fdt_first_child(const struct fdt *fdt, int node);
int fdt_next_sibling(const struct fdt *fdt, int node);
int fdt_parent(const struct fdt *fdt, int node);

/* The next node in the order of the blob, which is depth first, parents before children. Adds to
 * *depth (if not null) how many levels deeper it lies. */
int fdt_walk(const struct fdt *fdt, int node, int *depth);

/* Fills path[] with the nodes from the root to `node`, both included; returns how many, at most
 * FDT_DEPTH_MAX, or E_NOENT. */
int fdt_ancestry(const struct fdt *fdt, int node, int path[FDT_DEPTH_MAX]);

/* The child called `name` (name_bytes long). Without @ in it, it matches the first child whose
 * name up to its @ is equal. */
int fdt_child(const struct fdt *fdt, int node, const char *name, size_t name_bytes);

/* The node of "/a/b@1/c", or of "alias/b/c" with the first part looked up in /aliases (3.3). ""
 * is not found. */
int fdt_path(const struct fdt *fdt, const char *path);

/* The node that /chosen/stdout-path names (3.6); what follows a ':' in it is skipped. */
int fdt_stdout(const struct fdt *fdt);

/* The node's name with its unit address, "" for the root. */
const char *fdt_name(const struct fdt *fdt, int node);

/* Iterates over a node's properties: for (bool more = fdt_first_prop(f, n, &p); more; more =
 * fdt_next_prop(f, &p)). */
bool fdt_first_prop(const struct fdt *fdt, int node, struct fdt_prop *prop);
bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop);

/* The value of a property and its length, or 0 if the node has none of that name. An empty
 * property is not 0. `bytes` may be null. */
const uint8_t *fdt_prop(const struct fdt *fdt, int node, const char *name, uint32_t *bytes);

/* A big-endian cell at `at`, which must have 4 readable bytes; and two of them as one number. */
uint32_t fdt_cell(const uint8_t *at);
uint64_t fdt_cell_pair(const uint8_t *at);

/* Numbers. E_NOENT: no such property. E_FORMAT: not 4 bytes (u32), or neither 4 nor 8 (u64:
 * firmware writes either). */
int fdt_u32(const struct fdt *fdt, int node, const char *name, uint32_t *value);
int fdt_u64(const struct fdt *fdt, int node, const char *name, uint64_t *value);

/* Cell `index` of a property that is a list of cells. E_NOENT: no such property or not so many.
 * E_FORMAT: bytes % 4. */
int fdt_u32_at(const struct fdt *fdt, int node, const char *name, uint32_t index, uint32_t *value);

/* String `index` of a property that is a list of strings; 0 behind the last, or if it is not one
 * (no final 0 byte). */
const char *fdt_string_at(const struct fdt *fdt, int node, const char *name, uint32_t index);

/* The only or first string of a property, or 0. */
const char *fdt_string(const struct fdt *fdt, int node, const char *name);

/* True if one of the strings in the node's "compatible" is exactly `compatible`. */
bool fdt_compatible(const struct fdt *fdt, int node, const char *compatible);

/* The first node behind `after` (FDT_NODE_NONE: from the start) compatible with an entry of the
 * 0-terminated `list`. */
int fdt_next_compatible(const struct fdt *fdt, int after, const char *const *list);

/* False if the node has a "status" other than "okay" or "ok" (2.3.4). Says nothing about its
 * parents. */
bool fdt_status_ok(const struct fdt *fdt, int node);

#endif
