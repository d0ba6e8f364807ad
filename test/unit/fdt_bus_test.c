/* SPDX-License-Identifier: MIT
 * fdt_bus_test.c: what nodes mean: values, reg through buses, interrupts, with known answers.
 *
 * The answers for the trees in test/unit/fdt were worked out by hand from the specification. On
 * QEMU's trees each unit address is the answer, and the PLIC contexts of its boards are known.
 * links: lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c test/unit/fdt_trees.c; libs: -lfdt
 */
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/fdt_bus.h"
#include "test/unit/fdt_trees.h"

static struct fdt_tree *trees;

static struct fdt
open_tree(const char *name)
{
	struct fdt_tree *tree = fdt_trees_find(trees, name);
	struct fdt fdt;

	assert_int_equal(fdt_open(&fdt, tree->blob, tree->bytes), 0);
	return fdt;
}

static void
expect_reg(const struct fdt *fdt, const char *path, uint32_t index, uint64_t address,
	   uint64_t bytes)
{
	uint64_t found[2];
	int node = fdt_path(fdt, path);

	assert_true(node >= 0);
	assert_int_equal(fdt_reg(fdt, node, index, &found[0], &found[1]), 0);
	assert_int_equal(found[0], address);
	assert_int_equal(found[1], bytes);
}

static void
expect_no_reg(const struct fdt *fdt, const char *path, uint32_t index, int error)
{
	uint64_t found[2];
	int node = fdt_path(fdt, path);

	assert_true(node >= 0);
	assert_int_equal(fdt_reg(fdt, node, index, &found[0], &found[1]), error);
}

static void
test_reg(void **state)
{
	struct fdt fdt = open_tree("buses");
	uint64_t value;

	(void)state;
	expect_reg(&fdt, "/outer/direct", 0, 0x40000100, 0x10);
	expect_reg(&fdt, "/outer/direct", 1, 0x800000800, 0x800);
	expect_reg(&fdt, "/outer/direct", 2, 0x4ffffff0, 0x10);
	expect_no_reg(&fdt, "/outer/direct", 3, E_NOENT);
	for (uint32_t i = 0; i < 3; i++) {
		expect_no_reg(&fdt, "/outer/beyond", i, E_RANGE);
	}
	expect_reg(&fdt, "/outer/inner/deep", 0, 0x40001020, 8);
	expect_reg(&fdt, "/outer/same/deep", 0, 0x40000030, 4);
	expect_no_reg(&fdt, "/outer/closed/slave", 0, E_RANGE);
	expect_no_reg(&fdt, "/outer/ragged", 0, E_FORMAT);
	expect_reg(&fdt, "/defaults/child", 0, 0x100000002, 3);
	expect_no_reg(&fdt, "/overflowing/child", 0, E_RANGE);
	expect_no_reg(&fdt, "/overflowing/child", 1, E_RANGE);
	expect_no_reg(&fdt, "/wide-cells/child", 0, E_FORMAT);
	expect_no_reg(&fdt, "/bad-cells/child", 0, E_FORMAT);
	expect_no_reg(&fdt, "/wraps", 0, E_RANGE);
	expect_no_reg(&fdt, "/inherits", 0, E_NOENT);
	expect_no_reg(&fdt, "/", 0, E_NOENT);
	assert_int_equal(fdt_reg_raw(&fdt, fdt_path(&fdt, "/outer/closed/slave"), 0, &value, NULL),
			 0);
	assert_int_equal(value, 5);
	assert_int_equal(fdt_reg_raw(&fdt, 0, 0, &value, NULL), E_NOENT);
	assert_int_equal(fdt_reg(&fdt, E_NOENT, 0, &value, NULL), E_NOENT);
}

/* Interrupt `index` of `path` must belong to `controller` and have these cells. */
static void
expect_interrupt(const struct fdt *fdt, const char *path, uint32_t index, const char *controller,
		 uint32_t count, uint32_t first, uint32_t second)
{
	struct fdt_interrupt found;

	assert_int_equal(fdt_interrupt(fdt, fdt_path(fdt, path), index, &found), 0);
	assert_int_equal(found.index, index);
	assert_int_equal(found.controller, fdt_path(fdt, controller));
	assert_int_equal(fdt_phandle(fdt, found.phandle), found.controller);
	assert_int_equal(found.cell_count, count);
	assert_int_equal(found.cells[0], first);
	if (count > 1) {
		assert_int_equal(found.cells[1], second);
	}
}

static void
expect_no_interrupt(const struct fdt *fdt, const char *path, uint32_t index, int error)
{
	struct fdt_interrupt found;

	assert_true(fdt_path(fdt, path) >= 0);
	assert_int_equal(fdt_interrupt(fdt, fdt_path(fdt, path), index, &found), error);
}

static void
test_interrupts(void **state)
{
	struct fdt fdt = open_tree("buses");

	(void)state;
	expect_interrupt(&fdt, "/inherits", 0, "/controller-two", 2, 10, 4);
	expect_interrupt(&fdt, "/inherits", 1, "/controller-two", 2, 11, 8);
	expect_no_interrupt(&fdt, "/inherits", 2, E_NOENT);
	expect_interrupt(&fdt, "/own-parent", 2, "/controller-one", 1, 3, 0);
	expect_interrupt(&fdt, "/mixed", 0, "/controller-one", 1, 5, 0);
	expect_interrupt(&fdt, "/mixed", 1, "/controller-two", 2, 6, 7);
	expect_interrupt(&fdt, "/mixed", 2, "/controller-one", 1, 8, 0);
	expect_no_interrupt(&fdt, "/mixed", 3, E_NOENT);
	expect_interrupt(&fdt, "/cut", 0, "/controller-one", 1, 5, 0);
	expect_no_interrupt(&fdt, "/cut", 1, E_FORMAT);
	expect_interrupt(&fdt, "/unknown", 0, "/controller-one", 1, 5, 0);
	expect_no_interrupt(&fdt, "/unknown", 1, E_FORMAT);
	expect_no_interrupt(&fdt, "/unknown", 2, E_FORMAT);
	expect_no_interrupt(&fdt, "/no-cells", 0, E_FORMAT);
	expect_no_interrupt(&fdt, "/many-cells", 0, E_FORMAT);
	expect_no_interrupt(&fdt, "/empty", 0, E_NOENT);
	expect_no_interrupt(&fdt, "/outer", 0, E_NOENT);
	assert_int_equal(fdt_phandle(&fdt, 0), E_NOENT);
	assert_int_equal(fdt_phandle(&fdt, UINT32_MAX), E_NOENT);
}

/* The S-mode context (interrupt 9) of each hart, as a kernel looks it up. */
static void
expect_contexts(const char *name, const char *plic, const uint32_t *contexts, uint32_t harts)
{
	static const char *const list[] = {"sifive,plic-1.0.0", "riscv,plic0", NULL};
	struct fdt fdt = open_tree(name);
	int node = fdt_next_compatible(&fdt, FDT_NODE_NONE, list);
	uint32_t seen = 0;
	struct fdt_interrupt found;

	assert_true(node >= 0 && node == fdt_path(&fdt, plic));
	for (int status = fdt_first_interrupt(&fdt, node, &found); status != E_NOENT;
	     status = fdt_next_interrupt(&fdt, &found)) {
		uint64_t hart;

		assert_int_equal(status, 0);
		assert_true(fdt_compatible(&fdt, found.controller, "riscv,cpu-intc"));
		if (found.cells[0] != 9) {
			continue;
		}
		assert_int_equal(
			fdt_reg_raw(&fdt, fdt_parent(&fdt, found.controller), 0, &hart, NULL), 0);
		assert_in_range(hart, 0, harts - 1);
		assert_int_equal(found.index, contexts[hart]);
		seen |= 1u << hart;
	}
	for (uint32_t hart = 0; hart < harts; hart++) {
		assert_int_equal(seen >> hart & 1, contexts[hart] != 0);
	}
	assert_int_equal(fdt_next_compatible(&fdt, node, list), E_NOENT);
}

static void
test_contexts(void **state)
{
	const uint32_t virt[] = {1, 3, 5, 7, 9, 11, 13, 15};
	const uint32_t no_s_on_hart0[] = {0, 2, 4, 6, 8};

	(void)state;
	expect_contexts("virt8", "/soc/plic", virt, 8);
	expect_contexts("sifive_u5", "/soc/interrupt-controller@c000000", no_s_on_hart0, 5);
	expect_contexts("jh7110", "/soc/interrupt-controller", no_s_on_hart0, 3);
}

/* Every node of QEMU's trees with a unit address and a translatable reg is where its name says. */
static void
test_unit_addresses(void **state)
{
	static const char *const names[] = {"virt1", "virt8", "virt_aia", "virt_numa", "sifive_u5"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fdt fdt = open_tree(names[i]);
		unsigned checked = 0;

		for (int node = 0; node >= 0; node = fdt_walk(&fdt, node, NULL)) {
			const char *unit = strchr(fdt_name(&fdt, node), '@');
			uint64_t address;

			if (unit && !fdt_reg(&fdt, node, 0, &address, NULL)) {
				assert_int_equal(address, strtoull(unit + 1, NULL, 16));
				checked++;
			}
		}
		assert_true(checked > 10);
	}
}

static void
test_board(void **state)
{
	struct fdt fdt = open_tree("jh7110");
	int uart = fdt_path(&fdt, "serial0");
	uint64_t value;

	(void)state;
	assert_int_equal(fdt_stdout(&fdt), uart);
	assert_int_equal(uart, fdt_path(&fdt, "/soc/serial@10000000"));
	assert_int_equal(fdt_path(&fdt, "mmc1"), fdt_path(&fdt, "/soc/mmc"));
	assert_int_equal(fdt_path(&fdt, "mmc"), E_NOENT);
	assert_int_equal(fdt_path(&fdt, ""), E_NOENT);
	assert_int_equal(fdt_path(&fdt, "//cpus//cpu@1/"), fdt_path(&fdt, "/cpus/cpu@1"));
	assert_int_equal(fdt_path(&fdt, "/cpus/cpu@3"), E_NOENT);
	assert_int_equal(fdt_path(&fdt, "/cpus/cp"), E_NOENT);
	expect_reg(&fdt, "serial0", 0, 0x10000000, 0x10000);
	expect_reg(&fdt, "/soc/pcie", 1, 0x2b000000, 0x100000);
	expect_no_reg(&fdt, "/soc/pcie/nic", 0, E_FORMAT);
	expect_reg(&fdt, "/memory", 1, 0x100000000, 0x140000000);
	expect_reg(&fdt, "/reserved-memory/firmware", 0, 0x40000000, 0x200000);
	expect_interrupt(&fdt, "ethernet0", 1, "/soc/interrupt-controller", 1, 6, 0);
	assert_string_equal(fdt_string_at(&fdt, fdt_path(&fdt, "ethernet0"), "interrupt-names", 2),
			    "eth_lpi");
	assert_int_equal(fdt_u64(&fdt, fdt_path(&fdt, "/chosen"), "linux,initrd-start", &value), 0);
	assert_int_equal(value, 0x46100000);
	assert_int_equal(fdt_u64(&fdt, fdt_path(&fdt, "/chosen"), "linux,initrd-end", &value), 0);
	assert_int_equal(value, 0x46200000);
	assert_true(fdt_status_ok(&fdt, uart));
	assert_true(fdt_status_ok(&fdt, fdt_path(&fdt, "ethernet0")));
	assert_false(fdt_status_ok(&fdt, fdt_path(&fdt, "mmc1")));
	assert_true(fdt_reservation(&fdt, 0, &value, &value));
	assert_int_equal(value, 0x80000);
}

static void
test_values(void **state)
{
	struct fdt fdt = open_tree("buses");
	int node = fdt_path(&fdt, "/twin@2");
	uint32_t cell;
	uint64_t wide;

	(void)state;
	assert_int_equal(fdt_u32(&fdt, fdt_path(&fdt, "/twin"), "value", &cell), 0);
	assert_int_equal(cell, 1);
	assert_int_equal(fdt_u32(&fdt, node, "value", &cell), 0);
	assert_int_equal(cell, 2);
	assert_int_equal(fdt_u32(&fdt, node, "absent", &cell), E_NOENT);
	assert_int_equal(fdt_u32(&fdt, node, "empty", &cell), E_FORMAT);
	assert_int_equal(fdt_u32(&fdt, node, "wide", &cell), E_FORMAT);
	assert_int_equal(fdt_u64(&fdt, node, "wide", &wide), 0);
	assert_true(wide == 0x100000002);
	assert_int_equal(fdt_u64(&fdt, node, "bytes", &wide), E_FORMAT);
	assert_int_equal(fdt_u32_at(&fdt, node, "wide", 1, &cell), 0);
	assert_int_equal(cell, 2);
	assert_int_equal(fdt_u32_at(&fdt, node, "wide", 2, &cell), E_NOENT);
	assert_int_equal(fdt_u32_at(&fdt, node, "bytes", 0, &cell), E_FORMAT);
	assert_non_null(fdt_prop(&fdt, node, "empty", &cell));
	assert_int_equal(cell, 0);
	assert_null(fdt_prop(&fdt, node, "absent", NULL));
	assert_null(fdt_prop(&fdt, E_NOENT, "value", NULL));
	assert_string_equal(fdt_string_at(&fdt, node, "list", 1), "");
	assert_string_equal(fdt_string_at(&fdt, node, "list", 2), "third");
	assert_null(fdt_string_at(&fdt, node, "list", 3));
	assert_null(fdt_text(&fdt, node, "unended"));
	assert_null(fdt_text(&fdt, node, "empty"));
	assert_string_equal(fdt_text(&fdt, node, "half-ended"), "a");
	assert_null(fdt_string_at(&fdt, node, "half-ended", 1));
	assert_true(fdt_status_ok(&fdt, node));
	assert_false(fdt_status_ok(&fdt, fdt_path(&fdt, "/failed")));
	assert_false(fdt_status_ok(&fdt, fdt_path(&fdt, "/odd-status")));
	assert_true(fdt_compatible(&fdt, fdt_path(&fdt, "/outer"), "simple-bus"));
	assert_false(fdt_compatible(&fdt, fdt_path(&fdt, "/outer"), "simple"));
	assert_int_equal(fdt_stdout(&fdt), E_NOENT);
}

/* 32 levels are accepted, 33 are not; the levels count and lead back up. */
static void
test_depth(void **state)
{
	struct fdt fdt = open_tree("deep");
	struct fdt_tree *tree = fdt_trees_find(trees, "deep");
	char *room = malloc(tree->bytes + 100);
	int path[FDT_DEPTH_MAX];
	int deepest = 0;
	uint32_t level = 1;

	(void)state;
	for (int child; (child = fdt_first_child(&fdt, deepest)) >= 0; deepest = child) {
		assert_int_equal(fdt_parent(&fdt, child), deepest);
		assert_int_equal(fdt_u32(&fdt, child, "level", &level), 0);
	}
	assert_int_equal(level, FDT_DEPTH_MAX);
	assert_int_equal(fdt_ancestry(&fdt, deepest, path), FDT_DEPTH_MAX);
	assert_int_equal(path[0], 0);
	assert_string_equal(fdt_name(&fdt, fdt_next_sibling(&fdt, path[31])), "after32");
	assert_string_equal(fdt_name(&fdt, fdt_next_sibling(&fdt, path[1])), "after2");
	assert_int_equal(fdt_next_sibling(&fdt, path[0]), E_NOENT);
	assert_int_equal(fdt_ancestry(&fdt, deepest + 4, path), E_NOENT);
	assert_int_equal(fdt_parent(&fdt, 0), E_NOENT);
	assert_int_equal(fdt_open_into(tree->blob, room, (int)tree->bytes + 100), 0);
	assert_true(fdt_add_subnode(room, deepest, "deeper") > 0);
	assert_int_equal(fdt_open(&fdt, room, tree->bytes + 100), E_LIMIT);
	free(room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reg),      cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_contexts), cmocka_unit_test(test_unit_addresses),
		cmocka_unit_test(test_board),    cmocka_unit_test(test_values),
		cmocka_unit_test(test_depth),
	};
	int failed;

	trees = fdt_trees_make();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fdt_trees_free(trees);
	return failed;
}
