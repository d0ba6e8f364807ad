/* SPDX-License-Identifier: MIT
 * vm.h: address-space manager: chooses addresses and makes page tables when they are missing.
 *
 * exo_vm_map chooses an address in [EXO_VM_START, EXO_VM_END); exo_vm_map_at maps anywhere.
 * Tables are aligned pairs of pages from vm->frames; they stay until the space goes. A struct
 * exo_vm also serves for the space of somebody else (space = a SPACE handle with EXO_SPACE_MAP),
 * as spawn does. All addresses and counts in pages are the caller's: mapped ranges are not
 * remembered one by one, only which addresses are in use.
 */
#ifndef LIB_EXO_VM_H
#define LIB_EXO_VM_H

#include <exo/types.h>

#include "lib/exo/areas.h"
#include "lib/exo/frames.h"

#define EXO_VM_START 0x1000000000ul
#define EXO_VM_END   0x3000000000ul

struct exo_vm {
	exo_handle space;          /* EXO_NONE: the caller's own */
	struct exo_frames *frames; /* pays for page tables */
	struct exo_areas areas;
};

/* The program's own space. */
struct exo_vm *exo_own_vm(void);

void exo_vm_open(struct exo_vm *vm, exo_handle space, struct exo_frames *frames);

/* Maps `count` pages of `handle` (FRAME; ENV and RING with offset 0, count 1) from page `offset`
 * on, with `rights` = EXO_READ | EXO_WRITE | EXO_EXEC, at an address of its choice: *address. 0,
 * E_NOSPACE, or what exo_map says; then nothing is mapped. */
int exo_vm_map(struct exo_vm *vm, exo_handle handle, uint64_t offset, uint64_t count,
	       uint64_t rights, uint64_t *address);

/* As exo_vm_map at a given page-aligned address, which the caller manages. After an error the
 * last 2 MiB unit it came to may be mapped in part. */
int exo_vm_map_at(struct exo_vm *vm, uint64_t address, exo_handle handle, uint64_t offset,
		  uint64_t count, uint64_t rights);

/* Sets `count` pages of addresses aside for a program that maps and unmaps there itself
 * (exo_vm_map_at, exo_unmap). 0 or E_NOSPACE. */
int exo_vm_reserve(struct exo_vm *vm, uint64_t count, uint64_t *address);

/* Unmaps what exo_vm_map or exo_vm_map_at mapped, in whole or in part. */
int exo_vm_unmap(struct exo_vm *vm, uint64_t address, uint64_t count);

/* Pages of the program's own memory, carved and mapped read-write in its own space: for buffers
 * of rings. */
struct exo_pages {
	exo_handle frames;
	void *memory;
	uint64_t count;
};

/* 0, E_NOSPACE, or what exo_map says. The pages are zero. */
int exo_pages_make(struct exo_pages *pages, uint64_t count);
int exo_pages_end(struct exo_pages *pages);

/* The same for a stack: nothing is ever mapped on the page below it. */
int exo_stack_make(struct exo_pages *stack, uint64_t count);
int exo_stack_end(struct exo_pages *stack);

#endif
