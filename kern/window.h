/* SPDX-License-Identifier: MIT
 * window.h: which pages of device registers environments may have. Read once at boot.
 */
#ifndef KERN_WINDOW_H
#define KERN_WINDOW_H

#include "kern/machine.h"

/* Disjoint ranges of bytes, whole pages. */
struct windows {
	struct range range[EXO_WINDOWS_MAX];
	uint32_t count;
	bool overflowed; /* there were more */
};

/* Nodes of devices that the kernel drives. */
struct windows_kept {
	const int *node;
	uint32_t count;
};

/* The registers of all devices that the tree names, without those that the kernel keeps. */
void windows_find(struct windows *w, const struct machine *m, const struct windows_kept *kept);

#endif
