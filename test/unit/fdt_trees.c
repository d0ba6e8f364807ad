/* SPDX-License-Identifier: MIT
 * fdt_trees.c: makes device trees for tests with QEMU and dtc.
 */
#include "test/unit/fdt_trees.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY "build/test/fdt"
#define QEMU(machine, rest)                                                                        \
	"timeout -k 2 60 qemu-system-riscv64 -M " machine ",dumpdtb=%s -display none "             \
	"-seed 5 " rest " </dev/null 2>/dev/null"
#define FIRMWARE  "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin"
#define DTC(name) "dtc -q -I dts -O dtb -o %s test/unit/fdt/" name ".dts"

static struct fdt_tree table[FDT_TREES] = {
	{.name = "virt1",
	 .command = QEMU("virt",
			 "-m 128M -append 'quiet a=b' -kernel " FIRMWARE " -initrd " FIRMWARE)},
	{.name = "virt8", .command = QEMU("virt", "-smp 8 -m 8G")},
	{.name = "virt_aia", .command = QEMU("virt,aia=aplic-imsic", "-smp 2")},
	{.name = "virt_numa",
	 .command = QEMU("virt", "-smp 4 -m 1G -object memory-backend-ram,size=512M,id=a "
				 "-object memory-backend-ram,size=512M,id=b -numa node,memdev=a "
				 "-numa node,memdev=b")},
	{.name = "sifive_u2", .command = QEMU("sifive_u", "-smp 2 -m 512M")},
	{.name = "sifive_u5", .command = QEMU("sifive_u", "-smp 5 -m 2G")},
	{.name = "jh7110", .command = DTC("jh7110")},
	{.name = "buses", .command = DTC("buses")},
	{.name = "deep", .command = DTC("deep")},
};

static void
fail(const char *what, const char *name)
{
	fprintf(stderr, "device tree %s: %s\n", name, what);
	exit(1);
}

static void
tree_load(struct fdt_tree *tree, const char *path)
{
	FILE *file = fopen(path, "rb");
	void *whole = malloc(4 << 20);
	size_t bytes;

	if (!file || !whole) {
		fail("cannot be read", tree->name);
	}
	bytes = fread(whole, 1, 4 << 20, file);
	fclose(file);
	if (fdt_check_full(whole, bytes) || fdt_pack(whole)) {
		fail("is not a device tree", tree->name);
	}
	tree->bytes = fdt_totalsize(whole);
	tree->blob = malloc(tree->bytes);
	memcpy(tree->blob, whole, tree->bytes);
	free(whole);
}

struct fdt_tree *
fdt_trees_make(void)
{
	if (system("mkdir -p " DIRECTORY)) {
		fail("cannot be made", DIRECTORY);
	}
	for (size_t i = 0; i < FDT_TREES; i++) {
		char path[100];
		char command[500];

		snprintf(path, sizeof(path), DIRECTORY "/%s.%d.dtb", table[i].name, getpid());
		snprintf(command, sizeof(command), table[i].command, path);
		if (system(command)) {
			fail(command, table[i].name);
		}
		tree_load(&table[i], path);
		unlink(path);
	}
	return table;
}

struct fdt_tree *
fdt_trees_find(struct fdt_tree *trees, const char *name)
{
	for (size_t i = 0; i < FDT_TREES; i++) {
		if (!strcmp(trees[i].name, name)) {
			return &trees[i];
		}
	}
	fail("is not in the table", name);
	return NULL;
}

void
fdt_trees_free(struct fdt_tree *trees)
{
	for (size_t i = 0; i < FDT_TREES; i++) {
		free(trees[i].blob);
		trees[i].blob = NULL;
	}
}
