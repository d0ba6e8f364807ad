/* SPDX-License-Identifier: MIT
 * fdt.c: fuzz target: any bytes are a device tree that holds together, or are refused.
 *
 * Every reader is called on every node of an accepted tree; the relations between nodes must
 * agree with each other, and everything returned must lie in the blob.
 * links: lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/checked.h"
#include "lib/base/fdt_bus.h"
#include "test/fuzz/fuzz.h"

static bool
is_inside(const struct fdt *fdt, const void *at, size_t bytes)
{
	return range_within((uint64_t)((uintptr_t)at - (uintptr_t)fdt->blob), bytes,
			    fdt->total_bytes);
}

static void
check_props(const struct fdt *fdt, int node)
{
	struct fdt_prop prop;

	for (bool more = fdt_first_prop(fdt, node, &prop); more; more = fdt_next_prop(fdt, &prop)) {
		const char *string = "";
		uint32_t bytes;

		demand(is_inside(fdt, prop.value, prop.bytes));
		demand(is_inside(fdt, prop.name, strlen(prop.name) + 1));
		demand(fdt_prop(fdt, node, prop.name, &bytes) != NULL);
		for (uint32_t i = 0; i < 10 && string; i++) {
			string = fdt_string_at(fdt, node, prop.name, i);
			demand(!string || is_inside(fdt, string, strlen(string) + 1));
		}
	}
}

static void
check_family(const struct fdt *fdt, int node)
{
	int path[FDT_DEPTH_MAX];
	int depth = fdt_ancestry(fdt, node, path);

	demand(depth >= 1 && depth <= FDT_DEPTH_MAX);
	demand(path[0] == fdt_root(fdt) && path[depth - 1] == node);
	demand(depth == 1 || path[depth - 2] == fdt_parent(fdt, node));
	for (int child = fdt_first_child(fdt, node); child >= 0;
	     child = fdt_next_sibling(fdt, child)) {
		demand(child > node && fdt_parent(fdt, child) == node);
	}
	demand(is_inside(fdt, fdt_name(fdt, node), strlen(fdt_name(fdt, node)) + 1));
}

static void
check_meaning(const struct fdt *fdt, int node)
{
	struct fdt_interrupt interrupt;
	uint64_t address;
	uint64_t size;

	for (uint32_t i = 0; i < 4; i++) {
		fdt_reg_raw(fdt, node, i, &address, &size);
		if (!fdt_reg(fdt, node, i, &address, &size)) {
			demand(address + size >= address);
		}
	}
	for (int status = fdt_first_interrupt(fdt, node, &interrupt); !status;
	     status = fdt_next_interrupt(fdt, &interrupt)) {
		demand(interrupt.controller >= 0 && interrupt.index < fdt->total_bytes);
		demand(interrupt.cell_count && interrupt.cell_count <= FDT_INTERRUPT_CELLS_MAX);
	}
	fdt_status_ok(fdt, node);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char *const any[] = {"snps,dw-apb-uart", "riscv", NULL};
	struct fdt fdt;
	uint64_t value;
	int last = FDT_NODE_NONE;

	if (fdt_open(&fdt, data, bytes)) {
		return 0;
	}
	demand(fdt_total_size(&fdt) <= bytes);
	for (int node = fdt_root(&fdt); node >= 0; node = fdt_walk(&fdt, node, NULL)) {
		demand(node > last);
		last = node;
		check_props(&fdt, node);
		check_family(&fdt, node);
		check_meaning(&fdt, node);
	}
	for (int node = FDT_NODE_NONE; (node = fdt_next_compatible(&fdt, node, any)) >= 0;) {
		demand(fdt_compatible(&fdt, node, any[0]) || fdt_compatible(&fdt, node, any[1]));
	}
	for (uint32_t i = 0; fdt_reservation(&fdt, i, &value, &value); i++) {
		demand(i < bytes);
	}
	fdt_stdout(&fdt);
	fdt_path(&fdt, "/soc/serial@10000000");
	return 0;
}
