/* SPDX-License-Identifier: MIT
 * machine.h: what the device tree says about this machine. Read once at boot.
 */
#ifndef KERN_MACHINE_H
#define KERN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <exo/sysinfo.h>
#include "lib/base/fdt_bus.h"

#define MACHINE_RANGES     EXO_RANGES_MAX
#define MACHINE_NO_CONTEXT UINT32_MAX

/* Bytes [start, end). */
struct range {
	uint64_t start;
	uint64_t end;
};

struct ranges {
	struct range range[MACHINE_RANGES];
	uint32_t count;
};

struct machine {
	struct fdt tree;
	uint64_t tree_address; /* physical */
	struct range image;
	struct range initrd; /* empty without one */
	struct ranges ram;   /* as the tree says */
	struct ranges free;  /* without everything that is taken */
	uint64_t ram_start;  /* of what is managed: GiB of the image .. */
	uint64_t ram_end;
	uint32_t harts;
	uint32_t harts_left; /* that are more than this kernel runs */
	uint64_t hartid[CONFIG_MAX_HARTS];
	uint32_t context[CONFIG_MAX_HARTS]; /* of the PLIC, or MACHINE_NO_CONTEXT */
	bool has_fp[CONFIG_MAX_HARTS];
	uint64_t timebase_hz;
	int plic; /* node of the PLIC, or negative */
	uint32_t plic_sources;
	const char *bootargs;
	const char *model;
};

/* Read the tree. The kernel's image is at `image` (physical); boot hart first. 0, or an error with
 * *why = what is wrong. */
int machine_read(struct machine *m, const void *tree, uint64_t tree_address, struct range image,
		 uint64_t boot_hartid, const char **why);
/* The tree is readable elsewhere now. */
void machine_rebase(struct machine *m, const void *tree);
/* Does this node describe RAM? */
bool machine_is_memory(const struct fdt *f, int node);
/* Take [start, end) out of ranges. False if there is no room to split one. */
bool ranges_remove(struct ranges *r, uint64_t start, uint64_t end);
/* True if [start, start + bytes) is partly in one of them. */
bool ranges_overlap(const struct ranges *r, uint64_t start, uint64_t bytes);
/* Index of the largest range, or count. */
uint32_t ranges_largest(const struct ranges *r);

#endif
