/* SPDX-License-Identifier: MIT
 * step.h: where an instruction may go, so that a breakpoint there makes one step. Pure.
 */
#ifndef LIB_GDBSTUB_STEP_H
#define LIB_GDBSTUB_STEP_H

#include <stdbool.h>
#include <stdint.h>

#define STEP_PLACES 4

/* Reads the 16-bit parcel of an instruction at `address`; false if it cannot be. */
typedef bool step_fetch(void *context, uint64_t address, uint16_t *parcel);

/* The instruction at `pc`, or 0 if it cannot be read; 16 bits if the lowest two are not 3. */
uint32_t step_instruction(step_fetch *fetch, void *context, uint64_t pc);

/* Stores the addresses at which the instruction at `pc` may go on, x[] being the registers (x[0]
 * does not count), and returns how many: 0 if it cannot be read. From a load-reserved on, all up
 * to its store-conditional is one step, for a breakpoint in between would end the reservation. */
uint32_t step_places(step_fetch *fetch, void *context, uint64_t pc, const uint64_t x[32],
		     uint64_t place[STEP_PLACES]);

#endif
