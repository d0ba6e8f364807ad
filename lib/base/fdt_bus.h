/* SPDX-License-Identifier: MIT
 * fdt_bus.h: what device tree nodes mean to each other: phandles, reg through the buses above,
 * interrupts.
 *
 * Devicetree Specification v0.4, 2.3 and 2.4. Over a tree that fdt_open accepted; bounded for
 * every such tree. Cell counts of 1 and 2 are understood for addresses, 0 to 2 for sizes; a PCI
 * child (3 cells) gives E_FORMAT.
 */
#ifndef LIB_BASE_FDT_BUS_H
#define LIB_BASE_FDT_BUS_H

#include "lib/base/fdt_query.h"

#define FDT_INTERRUPT_CELLS_MAX 4

struct fdt_interrupt {
	uint32_t index;      /* 0 for the node's first: for a PLIC, the context number */
	uint32_t phandle;    /* of the controller */
	int controller;      /* its node */
	uint32_t cell_count; /* 1 to FDT_INTERRUPT_CELLS_MAX */
	uint32_t cells[FDT_INTERRUPT_CELLS_MAX];
	const uint8_t *next; /* the rest is private to fdt_next_interrupt */
	const uint8_t *end;
	bool is_extended;
};

/* The node with this phandle, or E_NOENT. */
int fdt_phandle(const struct fdt *fdt, uint32_t phandle);

/* Entry `index` of "reg" as the parent's cell counts cut it, not translated: for cpu nodes (hart
 * id) and such. address and bytes may be null. E_NOENT: no such entry. E_FORMAT: cell counts or
 * lengths that make no sense. */
int fdt_reg_raw(const struct fdt *fdt, int node, uint32_t index, uint64_t *address,
		uint64_t *bytes);

/* The same, translated to a CPU address through the "ranges" of all buses above (2.3.8). E_RANGE:
 * a bus above has no "ranges" or none covers the entry, or the sum overflows. */
int fdt_reg(const struct fdt *fdt, int node, uint32_t index, uint64_t *address, uint64_t *bytes);

/* The same for the node at the end of `path`, the `count` nodes from the root to it: for who walks
 * the whole tree, since fdt_reg has to find the way to the node each time. */
int fdt_reg_on(const struct fdt *fdt, const int *path, int count, uint32_t index, uint64_t *address,
	       uint64_t *bytes);

/* Iterates over "interrupts-extended" or, failing that, "interrupts" with the interrupt-parent
 * that applies (2.4.1). Returns 0 with *out filled, E_NOENT behind the last, E_FORMAT for a
 * malformed list or unknown controller. */
int fdt_first_interrupt(const struct fdt *fdt, int node, struct fdt_interrupt *out);
int fdt_next_interrupt(const struct fdt *fdt, struct fdt_interrupt *out);

/* Interrupt `index` of the node; errors as above. Linear in index: use the iterator for PLIC
 * contexts. */
int fdt_interrupt(const struct fdt *fdt, int node, uint32_t index, struct fdt_interrupt *out);

#endif
