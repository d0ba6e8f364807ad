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
 * fdt_query.h has paths and values, fdt_bus.h addresses, interrupts and phandles.
 */
#ifndef LIB_BASE_FDT_H
#define LIB_BASE_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_DEPTH_MAX 32 /* deepest nesting that fdt_open accepts; the root is at depth 1 */

struct fdt {
	const uint8_t *blob;
	uint32_t total_bytes;
	uint32_t reserve_offset; /* of the memory reservation block, from blob */
	uint32_t reservations;   /* entries in it, without the terminator */
	uint32_t struct_offset;  /* of the structure block, from blob */
	uint32_t struct_bytes;   /* up to and including FDT_END */
	uint32_t strings_offset;
	uint32_t strings_bytes;
	int root;
};

struct fdt_prop {
	const char *name;
	const uint8_t *value; /* big-endian cells, strings or bytes; no alignment promised */
	uint32_t bytes;
	int next; /* private to fdt_next_prop */
};

/* Reads the magic number and total size from the first FDT_PEEK_BYTES, for a caller that was given
 * only an address. Returns the size in bytes or E_FORMAT. */
#define FDT_PEEK_BYTES 8
int fdt_peek_size(const void *header);

/* Checks everything in `blob`, of which `bytes` may be read. 0, or E_TRUNCATED (blob says it is
 * longer than bytes, or a part ends early), E_FORMAT (not a device tree, or a malformed one),
 * E_LIMIT (nested deeper than FDT_DEPTH_MAX). */
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

/* The node's name with its unit address, "" for the root. */
const char *fdt_name(const struct fdt *fdt, int node);

/* Iterates over a node's properties, in the order of the blob; false behind the last:
 * for (bool more = fdt_first_prop(f, n, &p); more; more = fdt_next_prop(f, &p)) */
bool fdt_first_prop(const struct fdt *fdt, int node, struct fdt_prop *prop);
bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop);

/* The value of a property and its length, or 0 if the node has none of that name. An empty
 * property is not 0. `bytes` may be null. */
const uint8_t *fdt_prop(const struct fdt *fdt, int node, const char *name, uint32_t *bytes);

/* A big-endian cell at `at`, which must have 4 readable bytes; and two of them as one number. */
uint32_t fdt_cell(const uint8_t *at);
uint64_t fdt_cell_pair(const uint8_t *at);

#endif
