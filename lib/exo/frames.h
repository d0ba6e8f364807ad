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

#include <stdbool.h>

#include <exo/types.h>

/* Slots of the caller that hold what was carved and created, for whoever wants to free them
 * together (spawn.c). */
#define EXO_LOG_SLOTS 64
struct exo_slot_log {
	uint32_t count;
	uint32_t slots[EXO_LOG_SLOTS];
};

struct exo_frames {
	exo_handle pool; /* FRAME */
	uint64_t start;  /* page numbers [start, end) */
	uint64_t end;
	uint64_t next;            /* where the next search begins */
	uint64_t rights;          /* of the pool; the carved have them too */
	struct exo_slot_log *log; /* or 0 */
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

/* Gives back what exo_frames_carve gave. 0, or E_BUSY while a device transfers. */
int exo_frames_release(struct exo_frames *frames, exo_handle handle);

/* Ends what exo_frames_create made. 0, or E_BUSY. */
int exo_frames_destroy(struct exo_frames *frames, exo_handle object, exo_handle memory);

/* Frames of an object that was destroyed drain for a while: create and map refuse them with
 * E_BUSY. True: it is worth trying again (some time has passed); *tries starts at 0. */
bool exo_frames_drain(int64_t result, int *tries);

/* The free pages the program was started with (exo_start()->frames). */
struct exo_frames *exo_own_frames(void);

#endif
