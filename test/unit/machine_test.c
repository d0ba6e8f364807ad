/* SPDX-License-Identifier: MIT
 * machine_test.c: what the kernel takes from a device tree, for boards with known answers and for
 * trees whose numbers are random.
 *
 * Whatever the numbers, no page may have two owners: free RAM is whole pages, disjoint, within what
 * the kernel reaches, and free of the kernel, the tree, the initrd and every reservation.
 * links: kern/machine.c lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c test/unit/dts.c
 * links: test/unit/fdt_trees.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/machine.h"
#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "test/unit/dts.h"
#include "test/unit/fdt_trees.h"

#define ROUNDS 8000
#define RAM    0x80000000ul
#define MIB    (1ul << 20)
#define SPAN   (16ul << 30)
#define PAGE   4096ul

static const struct range image = {RAM + 2 * MIB, RAM + 3 * MIB};
static const uint64_t tree_address = RAM + 64 * MIB;
static uint64_t seed = 1;

static bool
is_apart(struct range pages, struct range other)
{
	return pages.start >= other.end || pages.end <= other.start;
}

/* Of the named ranges, empty or not. */
static void
check_free(const struct machine *m, struct range r)
{
	uint64_t start, bytes;
	struct range tree = {m->tree_address, m->tree_address + fdt_total_size(&m->tree)};

	assert_true(is_aligned(r.start, PAGE) && is_aligned(r.end, PAGE));
	assert_true(r.start >= m->image.end && r.end <= m->ram_end);
	assert_true(is_apart(r, tree) && is_apart(r, m->initrd));
	for (uint32_t i = 0; fdt_reservation(&m->tree, i, &start, &bytes); i++) {
		assert_true(start + bytes < start ||
			    is_apart(r, (struct range){start, start + bytes}));
	}
	for (int node = fdt_first_child(&m->tree, fdt_path(&m->tree, "/reserved-memory"));
	     node >= 0; node = fdt_next_sibling(&m->tree, node)) {
		for (uint32_t i = 0; fdt_reg(&m->tree, node, i, &start, &bytes) == 0; i++) {
			assert_true(is_apart(r, (struct range){start, start + bytes}));
		}
	}
}

/* Is this page, whole, in one of the tree's memory nodes? Those of the random tree are entries of
 * one. */
static bool
is_ram(const struct fdt *f, int memory, uint64_t page)
{
	uint64_t start, bytes;

	for (uint32_t i = 0; fdt_reg_raw(f, memory, i, &start, &bytes) == 0; i++) {
		uint64_t end;

		if (checked_add_u64(start, bytes, &end) && page >= start && page + PAGE <= end) {
			return true;
		}
	}
	return false;
}

static void
check_machine(const struct machine *m, uint64_t boot_hartid)
{
	assert_true(m->harts >= 1 && m->harts <= CONFIG_MAX_HARTS);
	assert_int_equal(m->hartid[0], boot_hartid);
	for (uint32_t i = 0; i < m->harts; i++) {
		for (uint32_t j = 0; j < i; j++) {
			assert_int_not_equal(m->hartid[i], m->hartid[j]);
		}
	}
	assert_true(m->ram_end - m->ram_start <= SPAN && m->ram_end >= m->image.end);
	assert_true(m->initrd.end <= m->ram_end);
	for (uint32_t i = 0; i < m->free.count; i++) {
		struct range r = m->free.range[i];

		if (r.start == r.end) {
			continue;
		}
		assert_true(r.start < r.end);
		check_free(m, r);
		for (uint32_t j = 0; j < i; j++) {
			struct range other = m->free.range[j];

			assert_true(other.start == other.end || is_apart(r, other));
		}
	}
}

/* --- boards ----------------------------------------------------------------------------------- */
static void
read_board(struct machine *m, struct fdt_tree *tree, uint64_t ram, uint64_t boot_hartid)
{
	const char *why = NULL;
	struct range at = {ram + 2 * MIB, ram + 3 * MIB};

	*m = (struct machine){0};
	assert_int_equal(machine_read(m, tree->blob, ram + 64 * MIB, at, boot_hartid, &why), 0);
	assert_null(why);
	check_machine(m, boot_hartid);
}

static void
test_boards(void **state)
{
	struct fdt_tree *trees = fdt_trees_make();
	struct machine m;

	(void)state;
	read_board(&m, fdt_trees_find(trees, "jh7110"), 0x40000000, 1);
	assert_int_equal(m.harts, 1); /* hart 0 has no MMU, hart 2 is disabled */
	assert_int_equal(m.context[0], 2);
	assert_int_equal(m.plic_sources, 136);
	assert_int_equal(m.timebase_hz, 4000000);
	assert_int_equal(m.ram_end, 0x240000000);
	assert_true(m.has_fp[0]);
	read_board(&m, fdt_trees_find(trees, "virt8"), RAM, 5);
	assert_int_equal(m.harts, 8);
	assert_int_equal(m.ram_end, RAM + 8192 * MIB);
	for (uint32_t i = 0; i < m.harts; i++) {
		assert_int_equal(m.context[i], 2 * m.hartid[i] + 1);
	}
	read_board(&m, fdt_trees_find(trees, "sifive_u5"), RAM, 4);
	assert_int_equal(m.harts, 4);
	for (uint32_t i = 0; i < m.harts; i++) {
		assert_int_equal(m.context[i], 2 * m.hartid[i]);
	}
	read_board(&m, fdt_trees_find(trees, "virt_numa"), RAM, 0);
	assert_int_equal(m.ram_end, RAM + 1024 * MIB);
	read_board(&m, fdt_trees_find(trees, "virt_aia"), RAM, 0);
	assert_true(m.plic < 0);
	fdt_trees_free(trees);
}

/* --- random numbers --------------------------------------------------------------------------- */
static const char body[] =
	"#address-cells = <2>; #size-cells = <2>;"
	"chosen { linux,initrd-start = <0 0>; linux,initrd-end = <0 0>; };"
	"memory@0 { device_type = \"memory\"; reg = <0 0 0 0  0 0 0 0  0 0 0 0  0 0 0 0  0 0 0 0>; "
	"};"
	"reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
	"  r { reg = <0 0 0 0  0 0 0 0  0 0 0 0  0 0 0 0>; }; };"
	"cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <1000000>;"
	"  cpu@0 { device_type = \"cpu\"; reg = <0>; mmu-type = \"riscv,sv39\"; };"
	"  cpu@1 { device_type = \"cpu\"; reg = <1>; mmu-type = \"riscv,sv39\"; };"
	"  cpu@2 { device_type = \"cpu\"; reg = <1>; mmu-type = \"riscv,sv39\"; }; };";

/* Mostly within the first 128 MiB and near page boundaries, now and then at the end of everything.
 */
static uint64_t
any_address(void)
{
	uint64_t near = rand_next(&seed) % 3 ? 0 : rand_next(&seed) % 3 - 1;

	switch (rand_next(&seed) % 16) {
	case 0:
		return 0 + near;
	case 1:
		return UINT64_MAX + near - rand_next(&seed) % 8192;
	case 2:
		return RAM + SPAN + near;
	case 3:
		return RAM + near;
	default:
		return RAM + rand_next(&seed) % 256 * (MIB / 2) + rand_next(&seed) % 3 * PAGE +
		       near;
	}
}

static void
put(uint8_t *at, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8) {
		at[i] = (uint8_t)value;
	}
}

/* Fill a property with pairs of address and size; the first one may be given. */
static void
fill(const struct fdt *f, int node, const char *name, uint64_t start, uint64_t bytes)
{
	uint32_t length;
	uint8_t *at = (uint8_t *)(uintptr_t)fdt_prop(f, node, name, &length);

	for (uint32_t i = 0; i < length; i += 16) {
		bool given = i == 0 && bytes;

		put(at + i, given ? start : any_address());
		put(at + i + 8, given                  ? bytes
				: rand_next(&seed) % 4 ? rand_next(&seed) % (8 * MIB)
						       : any_address());
	}
}

static void
randomize(const struct fdt *f)
{
	int chosen = fdt_path(f, "/chosen");
	uint64_t initrd = any_address();

	fill(f, fdt_path(f, "/memory"), "reg", RAM + rand_next(&seed) % 2 * 0x1800, 128 * MIB);
	fill(f, fdt_path(f, "/reserved-memory/r"), "reg", 0, 0);
	put((uint8_t *)(uintptr_t)fdt_prop(f, chosen, "linux,initrd-start", NULL), initrd);
	put((uint8_t *)(uintptr_t)fdt_prop(f, chosen, "linux,initrd-end", NULL),
	    initrd + rand_next(&seed) % (2 * MIB));
}

static void
test_random_numbers(void **state)
{
	size_t bytes;
	unsigned char *blob = dts_blob(body, &bytes);
	uint32_t accepted = 0;
	struct fdt f;

	(void)state;
	assert_int_equal(fdt_open(&f, blob, bytes), 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct machine m = {0};
		const char *why = NULL;
		int error;

		randomize(&f);
		error = machine_read(&m, blob, tree_address, image, 1, &why);
		assert_true((error != 0) == (why != NULL));
		if (error) {
			continue;
		}
		accepted++;
		assert_int_equal(m.harts, 2);
		check_machine(&m, 1);
		for (uint32_t i = 0; i < m.free.count; i++) {
			struct range r = m.free.range[i];

			for (uint64_t page = r.start; page < r.end;
			     page += (r.end - r.start) / 16 / PAGE * PAGE + PAGE) {
				assert_true(is_ram(&f, fdt_path(&f, "/memory"), page));
			}
		}
	}
	assert_true(accepted > ROUNDS / 4);
	free(blob);
}

static void
test_ranges(void **state)
{
	struct ranges r = {.range = {{0x10000, 0x20000}}, .count = 1};

	(void)state;
	assert_true(ranges_remove(&r, 0x14001, 0x14002)); /* in the middle: one page */
	assert_int_equal(r.count, 2);
	assert_int_equal(r.range[0].end, 0x14000);
	assert_int_equal(r.range[1].start, 0x15000);
	assert_true(ranges_overlap(&r, 0x13fff, 1));
	assert_false(ranges_overlap(&r, 0x14000, 0x1000));
	assert_true(ranges_remove(&r, 0, UINT64_MAX));
	assert_false(ranges_overlap(&r, 0, 0x100000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_boards),
		cmocka_unit_test(test_random_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
