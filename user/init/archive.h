/* SPDX-License-Identifier: MIT
 * archive.h: the initrd and the firmware's device tree, mapped read-only for as long as init runs.
 */
#ifndef USER_INIT_ARCHIVE_H
#define USER_INIT_ARCHIVE_H

#include <stddef.h>

#include "lib/base/fdt.h"

/* Maps the initrd and looks through it once. Gives up without one, or if it is broken. */
void archive_open(void);

/* The file `name` of the initrd: its first byte and *bytes; a null pointer if there is none. */
const void *archive_file(const char *name, size_t *bytes);

/* Opens the tree that the firmware passed; false if there is none that can be read. */
bool archive_device_tree(struct fdt *fdt);

#endif
