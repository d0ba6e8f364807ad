/* SPDX-License-Identifier: MIT
 * archive.c: the initrd and the firmware's device tree, mapped read-only for as long as init runs.
 *
 * State: where the initrd lies. Its contents are foreign; lib/base/cpio.c never leaves it.
 */
#include "user/init/archive.h"

#include "lib/base/cpio.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"
#include "user/init/say.h"

#include <exo/errors.h>

static struct {
	const uint8_t *at;
	size_t bytes;
} initrd;

/* Maps the pages under [offset, offset + bytes) of a FRAME capability; a null pointer if that
 * fails. */
static const uint8_t *
map_bytes(exo_handle frames, uint64_t offset, uint64_t bytes, int *status)
{
	uint64_t pages = (offset + bytes + EXO_PAGE_SIZE - 1) >> EXO_PAGE_SHIFT;
	uint64_t address;

	*status = exo_vm_map(exo_own_vm(), frames, 0, pages, EXO_READ, &address);
	return *status ? NULL : (const uint8_t *)address + offset;
}

/* Every header is looked at, so that a broken archive is found before anything is started. */
static void
check_archive(void)
{
	struct cpio_entry entry;
	int status = cpio_first(initrd.at, initrd.bytes, &entry);

	while (!status) {
		status = cpio_next(initrd.at, initrd.bytes, &entry);
	}
	if (status != E_NOENT) {
		give_up("the initrd is a broken cpio archive: %s; write it again with make",
			exo_error_sentence(status));
	}
}

void
archive_open(void)
{
	const struct exo_boot *boot = exo_boot();
	int status;

	if (boot->initrd == EXO_NONE || !boot->initrd_bytes) {
		give_up("there is no initrd, which holds the programs; start the kernel with one "
			"(QEMU: -initrd, U-Boot: second argument of booti)");
	}
	initrd.at = map_bytes(boot->initrd, boot->initrd_offset, boot->initrd_bytes, &status);
	initrd.bytes = boot->initrd_bytes;
	if (!initrd.at) {
		give_up("the initrd of %lu bytes cannot be mapped: %s; give the machine more "
			"memory",
			initrd.bytes, exo_error_sentence(status));
	}
	check_archive();
}

const void *
archive_file(const char *name, size_t *bytes)
{
	struct cpio_entry entry;

	if (cpio_find(initrd.at, initrd.bytes, name, &entry) ||
	    (entry.header.mode & CPIO_MODE_TYPE) != CPIO_MODE_FILE) {
		return NULL;
	}
	*bytes = entry.bytes;
	return entry.data;
}

bool
archive_device_tree(struct fdt *fdt)
{
	const struct exo_boot *boot = exo_boot();
	const uint8_t *tree;
	int status;

	if (boot->device_tree == EXO_NONE) {
		return false;
	}
	tree = map_bytes(boot->device_tree, boot->device_tree_offset, boot->device_tree_bytes,
			 &status);
	return tree && !fdt_open(fdt, tree, boot->device_tree_bytes);
}
