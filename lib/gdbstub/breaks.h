/* SPDX-License-Identifier: MIT
 * breaks.h: breakpoints in the memory of a target. Pure.
 *
 * Invariant: of each that is in use, the memory at its address holds ebreak, and `old` what stood
 * there before.
 */
#ifndef LIB_GDBSTUB_BREAKS_H
#define LIB_GDBSTUB_BREAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BREAKS_MAX 64

#define BREAK_GDB  0x1u /* gdb asked for it */
#define BREAK_STEP 0x2u /* it ends a step */

struct gdb_target;

struct breaks {
	const struct gdb_target *target;
	void *context;
	struct breakpoint {
		uint64_t address;
		uint8_t bytes; /* 2 or 4 */
		uint8_t users; /* BREAK_*, 0: free */
		uint8_t old[4];
	} at[BREAKS_MAX];
};

/* Adds `user` to the breakpoint at an address. False if it cannot be written there, or they are too
 * many. */
bool breaks_add(struct breaks *b, uint64_t address, uint8_t user);
/* Takes `user` off one / off all, and what has none left out of memory. */
void breaks_remove(struct breaks *b, uint64_t address, uint8_t user);
void breaks_remove_all(struct breaks *b, uint8_t user);
/* True if one is there. */
bool breaks_is_at(const struct breaks *b, uint64_t address);
/* Read and write memory as it were without breakpoints; as those of the target. */
int64_t breaks_read(const struct breaks *b, uint64_t address, void *to, size_t bytes);
int64_t breaks_write(struct breaks *b, uint64_t address, const void *from, size_t bytes);

#endif
