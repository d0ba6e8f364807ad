/* SPDX-License-Identifier: MIT
 * parts.h: what the files of this library want of each other.
 */
#ifndef LIB_GDBSTUB_PARTS_H
#define LIB_GDBSTUB_PARTS_H

#include "lib/gdbstub/stub.h"

/* The last one that gdb may ask for: x0 to x31, pc, f0 to f31, fflags, frm, fcsr. */
#define REGISTERS       68
#define REGISTERS_WHOLE 14 /* sent all at once; gdb asks for the others one by one */

/* Carries out the packet in stub->in and fills stub->out. */
void gdb_command(struct gdb_stub *stub);

/* Starts the target; `steps`: only for one instruction. False if that cannot be. */
bool gdb_run(struct gdb_stub *stub, bool steps, uint8_t signal);
void gdb_kill(struct gdb_stub *stub);
/* Tells why it stands, or how it ended. */
void gdb_tell_why(struct gdb_stub *stub);

/* Of a register: its bytes, 0 if there is none / its value. */
uint32_t gdb_register_bytes(uint64_t number);
uint64_t gdb_register_get(const struct exo_context *c, uint64_t number);
void gdb_register_set(struct exo_context *c, uint64_t number, uint64_t value);
/* The description of them all that gdb reads, in XML; character `at` of it, 0 behind the last. */
char gdb_register_description(uint64_t at);

#endif
