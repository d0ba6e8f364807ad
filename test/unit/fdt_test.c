/* SPDX-License-Identifier: MIT
 * fdt_test.c: the device tree reader against libfdt, over real trees and damaged ones.
 *
 * Whatever fdt_open accepts must look the same to both readers, node by node and property by
 * property; nodes even have the same numbers. What only one of them accepts is listed in
 * refuses_more(). Blobs stand alone on the heap, so that the sanitizer sees a byte read too far.
 * LONG=1 (nightly) tries ten times as many damaged trees.
 * links: lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c test/unit/fdt_trees.c; libs: -lfdt
 */
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/fdt_bus.h"
#include "lib/base/rand.h"
#include "test/unit/fdt_trees.h"

#define MUTANTS 20000

static struct fdt_tree *trees;

static void
same_strings(const struct fdt *fdt, int node, const char *name)
{
	const char *theirs = NULL;

	for (int i = 0; i == 0 || (theirs && i < 8); i++) {
		int length;

		theirs = fdt_stringlist_get(fdt->blob, node, name, i, &length);
		assert_ptr_equal(fdt_string_at(fdt, node, name, (uint32_t)i), theirs);
	}
}

static void
same_props(const struct fdt *fdt, int node)
{
	int theirs = fdt_first_property_offset(fdt->blob, node);
	struct fdt_prop prop;

	for (bool more = fdt_first_prop(fdt, node, &prop); more; more = fdt_next_prop(fdt, &prop)) {
		const char *name;
		int length;
		const void *value = fdt_getprop_by_offset(fdt->blob, theirs, &name, &length);

		assert_ptr_equal(prop.value, value);
		assert_ptr_equal(prop.name, name);
		assert_int_equal(prop.bytes, length);
		theirs = fdt_next_property_offset(fdt->blob, theirs);
	}
	assert_int_equal(theirs, -FDT_ERR_NOTFOUND);
}

/* libfdt also matches a string whose final 0 lies behind the property. */
static void
same_compatible(const struct fdt *fdt, int node)
{
	uint32_t bytes = 0;
	const uint8_t *list = fdt_prop(fdt, node, "compatible", &bytes);
	int theirs = fdt_node_check_compatible(fdt->blob, node, "riscv,cpu-intc");

	if (!list || (bytes && !list[bytes - 1])) {
		assert_int_equal(fdt_compatible(fdt, node, "riscv,cpu-intc"), theirs == 0);
	}
}

static void
same_values(const struct fdt *fdt, int node)
{
	static const char *const names[] = {"compatible", "reg", "phandle", "status", "ranges", ""};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int length;
		uint32_t bytes = 0;
		const void *theirs = fdt_getprop(fdt->blob, node, names[i], &length);

		assert_ptr_equal(fdt_prop(fdt, node, names[i], &bytes), theirs);
		assert_int_equal(bytes, theirs ? length : 0);
	}
	same_compatible(fdt, node);
	same_strings(fdt, node, "compatible");
}

/* What costs a walk through the tree for each node. */
static void
same_relations(const struct fdt *fdt, int node)
{
	char path[2000];
	int parent = fdt_parent_offset(fdt->blob, node);
	uint32_t phandle = fdt_get_phandle(fdt->blob, node);
	int child = fdt_first_subnode(fdt->blob, node);
	int sibling = fdt_next_subnode(fdt->blob, node);
	int held;

	assert_int_equal(fdt_parent(fdt, node), parent < 0 ? E_NOENT : parent);
	assert_int_equal(fdt_first_child(fdt, node), child < 0 ? E_NOENT : child);
	if (node) {
		assert_int_equal(fdt_next_sibling(fdt, node), sibling < 0 ? E_NOENT : sibling);
	}
	if (!fdt_get_path(fdt->blob, node, path, sizeof(path))) {
		int found = fdt_path_offset(fdt->blob, path);

		assert_int_equal(fdt_path(fdt, path), found < 0 ? E_NOENT : found);
	}
	held = fdt_node_offset_by_phandle(fdt->blob, phandle);
	assert_int_equal(fdt_phandle(fdt, phandle), held < 0 ? E_NOENT : held);
}

static void
same_reservations(const struct fdt *fdt)
{
	int count = fdt_num_mem_rsv(fdt->blob);
	uint64_t ours[2];
	uint64_t theirs[2];

	assert_int_equal(fdt->reservations, count);
	for (int i = 0; i < count; i++) {
		assert_true(fdt_reservation(fdt, (uint32_t)i, &ours[0], &ours[1]));
		assert_int_equal(fdt_get_mem_rsv(fdt->blob, i, &theirs[0], &theirs[1]), 0);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
	assert_false(fdt_reservation(fdt, fdt->reservations, &ours[0], &ours[1]));
	assert_int_equal(fdt_total_size(fdt), fdt_totalsize(fdt->blob));
}

/* Everything for every node; relations for all of them, or for one chosen by `pick`. */
static void
same_tree(const struct fdt *fdt, bool all, uint64_t pick)
{
	int depth = 0;
	int their_depth = 0;
	int theirs = 0;

	assert_int_equal(fdt_root(fdt), 0);
	same_reservations(fdt);
	for (int node = 0; node >= 0; node = fdt_walk(fdt, node, &depth)) {
		assert_int_equal(node, theirs);
		assert_int_equal(depth, their_depth);
		assert_ptr_equal(fdt_name(fdt, node), fdt_get_name(fdt->blob, node, NULL));
		same_props(fdt, node);
		same_values(fdt, node);
		if (all || pick-- == 0) {
			same_relations(fdt, node);
		}
		theirs = fdt_next_node(fdt->blob, theirs, &their_depth);
	}
	assert_true(theirs < 0 || their_depth < 0);
}

/* Calls the readers of values for their memory accesses, on every `stride`th node: libfdt has no
 * equal of them. */
static void
use_values(const struct fdt *fdt, int stride)
{
	int skipped = 0;
	static const char *const any[] = {"ns16550a", "sifive,plic-1.0.0", NULL};
	uint64_t numbers[2];
	uint32_t cell;
	struct fdt_interrupt interrupt;

	for (int node = fdt_root(fdt); node >= 0; node = fdt_walk(fdt, node, NULL)) {
		if (++skipped % stride) {
			continue;
		}
		for (uint32_t i = 0; i < 3; i++) {
			fdt_reg_raw(fdt, node, i, &numbers[0], &numbers[1]);
			fdt_u32_at(fdt, node, "reg", i, &cell);
		}
		fdt_u64(fdt, node, "linux,initrd-start", numbers);
		fdt_status_ok(fdt, node);
	}
	for (int node = FDT_NODE_NONE; (node = fdt_next_compatible(fdt, node, any)) >= 0;) {
		fdt_reg(fdt, node, 0, &numbers[0], &numbers[1]);
		for (int status = fdt_first_interrupt(fdt, node, &interrupt); !status;) {
			status = fdt_next_interrupt(fdt, &interrupt);
		}
	}
	fdt_stdout(fdt);
}

static void
test_real_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < FDT_TREES; i++) {
		struct fdt fdt;

		assert_int_equal(fdt_open(&fdt, trees[i].blob, trees[i].bytes), 0);
		assert_int_equal(fdt_peek_size(trees[i].blob), trees[i].bytes);
		same_tree(&fdt, true, 0);
		use_values(&fdt, 1);
	}
}

/* A tree with spare room, NOPs instead of a property and of a node, and every alignment. */
static void
test_nops_and_alignment(void **state)
{
	struct fdt_tree *tree = fdt_trees_find(trees, "jh7110");
	size_t bytes = tree->bytes + 1000;
	char *room = malloc(bytes);
	struct fdt fdt;

	(void)state;
	assert_int_equal(fdt_open_into(tree->blob, room, (int)bytes), 0);
	assert_int_equal(fdt_nop_property(room, fdt_path_offset(room, "/cpus/cpu@0"), "reg"), 0);
	assert_int_equal(fdt_nop_property(room, 0, "compatible"), 0);
	assert_int_equal(fdt_nop_node(room, fdt_path_offset(room, "/cpus/cpu@1")), 0);
	assert_int_equal(fdt_nop_node(room, fdt_path_offset(room, "/soc/pcie")), 0);
	assert_true(fdt_add_subnode(room, 0, "two@1@2") > 0);
	assert_int_equal(fdt_open(&fdt, room, bytes), 0);
	same_tree(&fdt, true, 0);
	assert_int_equal(fdt_path(&fdt, "/cpus/cpu@1"), E_NOENT);
	assert_int_equal(fdt_path(&fdt, "/two@1"), E_NOENT);
	assert_int_equal(fdt_path(&fdt, "/two"), fdt_path(&fdt, "/two@1@2"));
	free(room);
	for (size_t shift = 1; shift < 8; shift++) {
		room = malloc(tree->bytes + shift);
		memcpy(room + shift, tree->blob, tree->bytes);
		assert_int_equal(fdt_open(&fdt, room + shift, tree->bytes), 0);
		use_values(&fdt, 1);
		free(room);
	}
}

static int
open_copy(const void *blob, size_t bytes)
{
	void *copy = malloc(bytes);
	struct fdt fdt;
	int status;

	memcpy(copy, blob, bytes);
	status = fdt_open(&fdt, copy, bytes);
	free(copy);
	return status;
}

/* Cut off at every length; then with a header that agrees with the cut. */
static void
test_truncated(void **state)
{
	struct fdt_tree *tree = fdt_trees_find(trees, "jh7110");
	char *copy = malloc(tree->bytes);

	(void)state;
	for (size_t bytes = 0; bytes < tree->bytes; bytes++) {
		assert_int_equal(open_copy(tree->blob, bytes), E_TRUNCATED);
		memcpy(copy, tree->blob, tree->bytes);
		if (bytes >= 40) {
			fdt_set_totalsize(copy, (uint32_t)bytes);
			assert_int_equal(open_copy(copy, bytes), E_TRUNCATED);
		}
	}
	free(copy);
}

/* The blocks in another order, the structure block last and cut at every cell: its last tokens then
 * border on memory that must not be read. */
static void
test_structure_cut(void **state)
{
	struct fdt_tree *tree = fdt_trees_find(trees, "jh7110");
	const char *from = tree->blob;
	uint32_t strings = fdt_size_dt_strings(from);
	uint32_t structure = fdt_size_dt_struct(from);
	char *moved = malloc(tree->bytes + 16);
	uint32_t start = 40 + 16 + (strings + 3) / 4 * 4;

	(void)state;
	memcpy(moved, from, 40);
	memset(moved + 40, 0, start - 40);
	memcpy(moved + 40 + 16, from + fdt_off_dt_strings(from), strings);
	memcpy(moved + start, from + fdt_off_dt_struct(from), structure);
	fdt_set_off_mem_rsvmap(moved, 40);
	fdt_set_off_dt_strings(moved, 40 + 16);
	fdt_set_off_dt_struct(moved, start);
	for (uint32_t bytes = 0; bytes <= structure; bytes += 4) {
		fdt_set_size_dt_struct(moved, bytes);
		fdt_set_totalsize(moved, start + bytes);
		assert_int_equal(open_copy(moved, start + bytes),
				 bytes < structure ? E_TRUNCATED : 0);
	}
	free(moved);
}

static void
put_cell(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		at[i] = (uint8_t)(value >> (24 - 8 * i));
	}
}

/* Damages some bytes of [blob, blob + bytes): cells get numbers that mean something to a reader. */
static void
damage(uint8_t *blob, size_t bytes, uint64_t *seed)
{
	static const uint32_t telling[] = {0, 1,          2,          3,          4,         5,
					   9, 0x7fffffff, 0x80000000, 0xfffffff0, UINT32_MAX};

	for (uint64_t count = 1 + rand_below(seed, 3); count; count--) {
		size_t at = rand_below(seed, rand_below(seed, 4) ? bytes - 3 : 40);
		uint8_t *cell = blob + at / 4 * 4;
		uint32_t value = fdt_cell(cell);

		switch (rand_below(seed, 6)) {
		case 0:
			blob[at] ^= (uint8_t)(1 << rand_below(seed, 8));
			break;
		case 1:
			blob[at] = (uint8_t)rand_next(seed);
			break;
		case 2:
			put_cell(cell, telling[rand_below(seed, ARRAY_SIZE(telling))]);
			break;
		case 3:
			put_cell(cell, value + (uint32_t)rand_below(seed, 17) - 8);
			break;
		case 4:
			put_cell(cell, (uint32_t)(bytes - 8 + rand_below(seed, 17)));
			break;
		case 5:
			memmove(blob + at, blob + rand_below(seed, bytes), 1);
			break;
		}
	}
}

/* True if libfdt 1.6.1 cannot be asked about this blob because it may read anywhere: a property
 * claims 2 GiB or more (such a length is added with wrap-around, so the walk goes backwards), or
 * the format is older than 17 (the structure block then has no size; fdt_open refuses it). */
static bool
libfdt_would_stray(const uint8_t *blob, size_t bytes)
{
	for (size_t at = 0; at + 8 <= bytes; at++) {
		if (blob[at + 3] == FDT_PROP && blob[at + 4] >= 0x80 &&
		    fdt_cell(blob + at) == FDT_PROP) {
			return true;
		}
	}
	return fdt_version(blob) < 17;
}

/* True if one of the rules applies by which fdt_open refuses what libfdt lets pass: properties
 * behind child nodes (5.4.2), nesting deeper than FDT_DEPTH_MAX, no or several roots. */
static bool
refuses_more(const uint8_t *blob)
{
	int offset = 0;
	int next = 0;
	int depth = 0;
	int roots = 0;
	bool after_child = false;
	uint32_t tag;

	while ((tag = fdt_next_tag(blob, offset, &next)) != FDT_END && next > 0) {
		if (tag == FDT_BEGIN_NODE) {
			roots += !depth;
			depth++;
		} else if (tag == FDT_END_NODE) {
			depth--;
		}
		if ((tag == FDT_PROP && (after_child || !depth)) || depth > FDT_DEPTH_MAX) {
			return true;
		}
		after_child = tag == FDT_END_NODE || (tag == FDT_NOP && after_child);
		offset = next;
	}
	return roots != 1;
}

static void
try_mutant(const struct fdt_tree *tree, uint64_t *seed, unsigned *accepted)
{
	size_t bytes = tree->bytes;
	uint8_t *blob = malloc(bytes);
	struct fdt fdt;
	int status;

	memcpy(blob, tree->blob, bytes);
	damage(blob, bytes, seed);
	status = fdt_open(&fdt, blob, bytes);
	if (!status) {
		++*accepted;
		assert_int_equal(fdt_check_full(blob, bytes), 0);
		use_values(&fdt, 5 + (int)rand_below(seed, 5));
		same_tree(&fdt, false, rand_below(seed, 30));
	} else {
		assert_in_range(-status, 1, 100);
		assert_true(libfdt_would_stray(blob, bytes) || fdt_check_full(blob, bytes) ||
			    refuses_more(blob));
	}
	free(blob);
}

static void
test_mutants(void **state)
{
	unsigned count = getenv("LONG") ? 10 * MUTANTS : MUTANTS;
	unsigned accepted = 0;
	uint64_t seed = 20;

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		try_mutant(&trees[i % FDT_TREES], &seed, &accepted);
	}
	assert_in_range(accepted, count / 10, count / 10 * 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_trees), cmocka_unit_test(test_nops_and_alignment),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_structure_cut),
		cmocka_unit_test(test_mutants),
	};
	int failed;

	trees = fdt_trees_make();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fdt_trees_free(trees);
	return failed;
}
