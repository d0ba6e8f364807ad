/* SPDX-License-Identifier: MIT
 * frames.h: allocate pages out of a FRAME capability.
 *
 * The kernel has no "any free page": a caller names the page it wants. exo_frames_carve finds it:
 * it tries from where the last one ended, jumps over what is in the way (E_TAKEN tells its end)
 * and wraps once. Nothing but that position is remembered, so others may carve from the same
 * capability.
 */
#ifndef LIB_EXO_FRAMES_H
#define LIB_EXO_FRAMES_H

#include <exo/types.h>

struct exo_frames {
	exo_handle pool; /* FRAME */
	uint64_t start;  /* page numbers [start, end) */
	uint64_t end;
	uint64_t next; /* where the next search begins */
};

/* Prepares `frames` for carving from `pool`. 0, E_TYPE or E_HANDLE. */
int exo_frames_open(struct exo_frames *frames, exo_handle pool);

/* Carves `count` pages whose first page number is a multiple of `align` (a power of two), with
 * all rights of the pool, into a slot of the caller. 0 and *handle, or E_NOSPACE (no such gap, or
 * no slot), or what exo_carve says. */
int exo_frames_carve(struct exo_frames *frames, uint64_t count, uint64_t align, exo_handle *handle);

/* Carves a pair of pages or whatever the object needs and creates it. *object is its first
 * capability, *memory (unless memory is 0) the FRAME capability under it; dropping *memory ends
 * both. `arg0`, `arg1` as exo_create. */
int exo_frames_create(struct exo_frames *frames, uint32_t type, uint64_t arg0, uint64_t arg1,
		      exo_handle *object, exo_handle *memory);

/* The free pages the program was started with (exo_start()->frames). */
struct exo_frames *exo_own_frames(void);

#endif
