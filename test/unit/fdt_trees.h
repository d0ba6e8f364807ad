/* SPDX-License-Identifier: MIT
 * fdt_trees.h: device trees for tests: what QEMU makes for its boards, and test/unit/fdt/NAME.dts
 * compiled.
 *
 * Made anew by each test that asks for them, with QEMU's and dtc's own commands, under
 * build/test/fdt/.
 */
#ifndef TEST_UNIT_FDT_TREES_H
#define TEST_UNIT_FDT_TREES_H

#include <stddef.h>

#define FDT_TREES 9

struct fdt_tree {
	const char *name;
	const char *command; /* prints the blob to the file that %s names */
	void *blob;          /* of exactly `bytes` on the heap, without spare room inside */
	size_t bytes;
};

/* All of them, in blob and bytes; ends the test program if a command fails. */
struct fdt_tree *fdt_trees_make(void);

/* The one of this name. */
struct fdt_tree *fdt_trees_find(struct fdt_tree *trees, const char *name);

void fdt_trees_free(struct fdt_tree *trees);

#endif
