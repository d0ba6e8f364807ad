/* SPDX-License-Identifier: MIT
 * fdt_bus.c: phandles, reg and ranges, interrupts of a device tree.
 *
 * Devicetree Specification v0.4, 2.3.5 (cell counts), 2.3.6 (reg), 2.3.8 (ranges), 2.4
 * (interrupts). Property values are read only within the length that fdt_prop gave. A walk up the
 * tree uses fdt_ancestry, so its length is at most FDT_DEPTH_MAX.
 */
#include "lib/base/fdt_bus.h"

#include <exo/errors.h>

#include "lib/base/checked.h"

/* How a bus node cuts reg entries of its children; defaults as 2.3.5 says. */
struct cells {
	uint32_t address;
	uint32_t size;
};

static int
cells_read(const struct fdt *fdt, int bus, struct cells *cells)
{
	int status;

	*cells = (struct cells){.address = 2, .size = 1};
	status = fdt_u32(fdt, bus, "#address-cells", &cells->address);
	if (status == E_FORMAT) {
		return status;
	}
	status = fdt_u32(fdt, bus, "#size-cells", &cells->size);
	if (status == E_FORMAT) {
		return status;
	}
	return cells->address < 1 || cells->address > 2 || cells->size > 2 ? E_FORMAT : 0;
}

/* Reads a number of 0, 1 or 2 cells and advances. */
static uint64_t
cells_take(const uint8_t **at, uint32_t count)
{
	const uint8_t *from = *at;

	*at += (size_t)count * 4;
	if (count == 0) {
		return 0;
	}
	return count == 1 ? fdt_cell(from) : fdt_cell_pair(from);
}

/* The node's own phandle, or 0; trees before 2.3.3 was written call it linux,phandle. */
static uint32_t
node_phandle(const struct fdt *fdt, int node)
{
	uint32_t value;

	if (!fdt_u32(fdt, node, "phandle", &value) ||
	    !fdt_u32(fdt, node, "linux,phandle", &value)) {
		return value;
	}
	return 0;
}

/* True if some property of the node has this value: far cheaper to ask than its name. */
static bool
has_cell(const struct fdt *fdt, int node, uint32_t value)
{
	struct fdt_prop prop;

	for (bool more = fdt_first_prop(fdt, node, &prop); more; more = fdt_next_prop(fdt, &prop)) {
		if (prop.bytes == 4 && fdt_cell(prop.value) == value) {
			return true;
		}
	}
	return false;
}

int
fdt_phandle(const struct fdt *fdt, uint32_t phandle)
{
	if (phandle == 0 || phandle == UINT32_MAX) {
		return E_NOENT;
	}
	for (int node = fdt_root(fdt); node >= 0; node = fdt_walk(fdt, node, NULL)) {
		if (has_cell(fdt, node, phandle) && node_phandle(fdt, node) == phandle) {
			return node;
		}
	}
	return E_NOENT;
}

static int
reg_read(const struct fdt *fdt, int node, int parent, uint32_t index, uint64_t *address,
	 uint64_t *bytes)
{
	struct cells cells;
	uint32_t length;
	uint32_t entry_bytes;
	const uint8_t *at = fdt_prop(fdt, node, "reg", &length);
	int status;

	if (!at) {
		return E_NOENT;
	}
	status = cells_read(fdt, parent, &cells);
	if (status) {
		return status;
	}
	entry_bytes = (cells.address + cells.size) * 4;
	if (length % entry_bytes) {
		return E_FORMAT;
	}
	if (index >= length / entry_bytes) {
		return E_NOENT;
	}
	at += (size_t)index * entry_bytes;
	*address = cells_take(&at, cells.address);
	*bytes = cells_take(&at, cells.size);
	return 0;
}

/* Turns [*address, + bytes) on `bus` into an address on its parent's bus `above`. */
static int
bus_translate(const struct fdt *fdt, int bus, int above, uint64_t *address, uint64_t bytes)
{
	struct cells here;
	struct cells there;
	uint32_t length;
	uint32_t entry_bytes;
	const uint8_t *at = fdt_prop(fdt, bus, "ranges", &length);

	if (!at) {
		return E_RANGE;
	}
	if (!length) {
		return 0;
	}
	if (cells_read(fdt, bus, &here) || cells_read(fdt, above, &there)) {
		return E_FORMAT;
	}
	entry_bytes = (here.address + there.address + here.size) * 4;
	if (length % entry_bytes) {
		return E_FORMAT;
	}
	for (const uint8_t *end = at + length; at < end;) {
		uint64_t child = cells_take(&at, here.address);
		uint64_t parent = cells_take(&at, there.address);
		uint64_t span = cells_take(&at, here.size);

		if (*address >= child && *address - child < span &&
		    range_within(*address - child, bytes, span)) {
			return checked_add_u64(parent, *address - child, address) ? 0 : E_RANGE;
		}
	}
	return E_RANGE;
}

int
fdt_reg_raw(const struct fdt *fdt, int node, uint32_t index, uint64_t *address, uint64_t *bytes)
{
	uint64_t ignored;
	int parent = fdt_parent(fdt, node);

	if (parent < 0) {
		return parent;
	}
	return reg_read(fdt, node, parent, index, address ? address : &ignored,
			bytes ? bytes : &ignored);
}

int
fdt_reg_on(const struct fdt *fdt, const int *path, int count, uint32_t index, uint64_t *address,
	   uint64_t *bytes)
{
	uint64_t start;
	uint64_t length;
	uint64_t end;
	int status =
		count < 2 ? E_NOENT
			  : reg_read(fdt, path[count - 1], path[count - 2], index, &start, &length);

	for (int bus = count - 2; !status && bus > 0; bus--) {
		status = bus_translate(fdt, path[bus], path[bus - 1], &start, length);
	}
	if (status) {
		return status;
	}
	if (!checked_add_u64(start, length, &end)) {
		return E_RANGE;
	}
	if (address) {
		*address = start;
	}
	if (bytes) {
		*bytes = length;
	}
	return 0;
}

int
fdt_reg(const struct fdt *fdt, int node, uint32_t index, uint64_t *address, uint64_t *bytes)
{
	int path[FDT_DEPTH_MAX];
	int count = fdt_ancestry(fdt, node, path);

	return fdt_reg_on(fdt, path, count, index, address, bytes);
}

/* Sets the controller of *out to the node with this phandle and its number of cells. */
static int
controller_set(const struct fdt *fdt, uint32_t phandle, struct fdt_interrupt *out)
{
	out->phandle = phandle;
	out->controller = fdt_phandle(fdt, phandle);
	if (fdt_u32(fdt, out->controller, "#interrupt-cells", &out->cell_count)) {
		return E_FORMAT;
	}
	return out->cell_count < 1 || out->cell_count > FDT_INTERRUPT_CELLS_MAX ? E_FORMAT : 0;
}

/* The interrupt-parent of the node or of the nearest node above that has one (2.4.1.1). */
static int
interrupt_parent(const struct fdt *fdt, int node, uint32_t *phandle)
{
	int path[FDT_DEPTH_MAX];
	int status = fdt_u32(fdt, node, "interrupt-parent", phandle); /* cheaper than the way up */

	for (int count = status == E_NOENT ? fdt_ancestry(fdt, node, path) - 1 : 0; count > 0;
	     count--) {
		status = fdt_u32(fdt, path[count - 1], "interrupt-parent", phandle);
		if (status != E_NOENT) {
			return status;
		}
	}
	return status == E_NOENT ? E_FORMAT : status;
}

/* Takes the entry at out->next. */
static int
interrupt_read(const struct fdt *fdt, struct fdt_interrupt *out)
{
	if (out->next == out->end) {
		return E_NOENT;
	}
	if (out->is_extended) {
		int status = controller_set(fdt, fdt_cell(out->next), out);

		if (status) {
			return status;
		}
		out->next += 4;
	}
	if ((size_t)(out->end - out->next) < (size_t)out->cell_count * 4) {
		return E_FORMAT;
	}
	for (uint32_t i = 0; i < out->cell_count; i++) {
		out->cells[i] = (uint32_t)cells_take(&out->next, 1);
	}
	return 0;
}

int
fdt_first_interrupt(const struct fdt *fdt, int node, struct fdt_interrupt *out)
{
	uint32_t bytes = 0;
	uint32_t phandle;
	int status;

	*out = (struct fdt_interrupt){.controller = E_NOENT};
	out->next = fdt_prop(fdt, node, "interrupts-extended", &bytes);
	out->is_extended = out->next != NULL;
	if (!out->next) {
		out->next = fdt_prop(fdt, node, "interrupts", &bytes);
	}
	if (!out->next) {
		return E_NOENT;
	}
	if (bytes % 4) {
		return E_FORMAT;
	}
	out->end = out->next + bytes;
	if (!out->is_extended) {
		status = interrupt_parent(fdt, node, &phandle);
		status = status ? status : controller_set(fdt, phandle, out);
		if (status) {
			return status;
		}
	}
	return interrupt_read(fdt, out);
}

int
fdt_next_interrupt(const struct fdt *fdt, struct fdt_interrupt *out)
{
	out->index++;
	return interrupt_read(fdt, out);
}

int
fdt_interrupt(const struct fdt *fdt, int node, uint32_t index, struct fdt_interrupt *out)
{
	int status = fdt_first_interrupt(fdt, node, out);

	while (!status && out->index < index) {
		status = fdt_next_interrupt(fdt, out);
	}
	return status;
}
