/* SPDX-License-Identifier: MIT
 * stub.h: the remote protocol of gdb for one target: bytes in, bytes out.
 *
 * The caller hands gdb_put() each byte that comes, and calls gdb_look() when the target may have
 * stopped. The target is what struct gdb_target says: lib/gdbstub/env.h makes one of an
 * environment. It is stopped when the session begins. Nothing waits, nothing is allocated; any byte
 * may come, in any number. Pure.
 */
#ifndef LIB_GDBSTUB_STUB_H
#define LIB_GDBSTUB_STUB_H

#include <exo/types.h>

#include "lib/gdbstub/breaks.h"
#include "lib/gdbstub/packet.h"

/* Numbers that gdb knows signals by (include/gdb/signals.def there). */
enum gdb_signal {
	GDB_NONE = 0,
	GDB_INTERRUPT = 2,
	GDB_ILLEGAL = 4,
	GDB_TRAP = 5,
	GDB_KILL = 9,
	GDB_BUS = 10,
	GDB_SEGMENT = 11,
	GDB_CALL = 12,
};

enum gdb_state {
	GDB_RUNS,
	GDB_STANDS, /* why: signal */
	GDB_EXITED, /* with status `value` */
	GDB_DIED,   /* by signal `value` */
};

struct gdb_why {
	enum gdb_state state;
	uint8_t value;
};

/* What a target does; `context` goes with each call. All but `why` and `halt` are called only while
 * it stands. */
struct gdb_target {
	/* Copy at most `bytes`, return how many, or a negative error. */
	int64_t (*read)(void *context, uint64_t address, void *to, size_t bytes);
	int64_t (*write)(void *context, uint64_t address, const void *from, size_t bytes);
	/* Of the registers only pc, x, f and fcsr count. False if it is gone. */
	bool (*load)(void *context, struct exo_context *registers);
	bool (*store)(void *context, const struct exo_context *registers);
	/* Where the instruction at pc goes, if that depends on more than registers; else 0. */
	uint64_t (*place)(void *context, const struct exo_context *registers);
	/* Lets it run. signal: what it stands for, to be dealt with by itself; or GDB_NONE. */
	void (*go)(void *context, uint8_t signal);
	void (*halt)(void *context);
	void (*kill)(void *context);
	struct gdb_why (*why)(void *context);
	/* Puts bytes on the line, all of them. */
	void (*send)(void *context, const char *text, size_t bytes);
};

struct gdb_stub {
	const struct gdb_target *target;
	void *context;
	bool is_over; /* detached, killed or ended: nothing more is to be done */
	bool runs;
	bool owes_ack;
	bool is_quiet; /* no packet is to be answered, for one asked for a run */
	struct packet_in in;
	struct packet_out out;
	char frame[PACKET_BYTES]; /* the last one sent, */
	uint32_t frame_bytes;
	struct gdb_why why; /* it stands */
	uint64_t passed;    /* signals that are not told but dealt with by itself, a bit each */
	struct breaks breaks;
	struct exo_context registers; /* while it stands */
};

/* Begins a session. `target` must stay in place. */
void gdb_open(struct gdb_stub *stub, const struct gdb_target *target, void *context);

/* Takes one byte of the line. */
void gdb_put(struct gdb_stub *stub, char c);

/* Tells the other side if the target has stopped or ended. */
void gdb_look(struct gdb_stub *stub);

/* Takes all breakpoints out, for who wants to end a session himself. */
void gdb_close(struct gdb_stub *stub);

#endif
