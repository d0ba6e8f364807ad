/* SPDX-License-Identifier: MIT
 * gdb_target.h: a target of lib/gdbstub that is a page of memory at 0x1000, copied at most 64 bytes
 * at a time, and counts what is asked of it.
 */
#ifndef TEST_FAKE_GDB_TARGET_H
#define TEST_FAKE_GDB_TARGET_H

#include <string.h>

#include <exo/errors.h>

#include "lib/gdbstub/stub.h"

#define FAKE_START 0x1000ul
#define FAKE_BYTES 0x1000ul

struct fake_target {
	uint8_t memory[FAKE_BYTES];
	struct exo_context registers;
	struct gdb_why why;
	uint64_t place;
	uint32_t goes, halts, kills;
	uint8_t signal;
	char sent[4096];
	size_t sent_bytes;
};

static inline size_t
fake_bytes(uint64_t address, size_t bytes)
{
	uint64_t left = address - FAKE_START < FAKE_BYTES ? FAKE_START + FAKE_BYTES - address : 0;

	bytes = bytes < 64 ? bytes : 64;
	return bytes < left ? bytes : left;
}

static inline int64_t
fake_read(void *context, uint64_t address, void *to, size_t bytes)
{
	struct fake_target *f = context;
	size_t n = fake_bytes(address, bytes);

	if (!n) {
		return E_NOTMAPPED;
	}
	memcpy(to, f->memory + (address - FAKE_START), n);
	return (int64_t)n;
}

static inline int64_t
fake_write(void *context, uint64_t address, const void *from, size_t bytes)
{
	struct fake_target *f = context;
	size_t n = fake_bytes(address, bytes);

	if (!n) {
		return E_NOTMAPPED;
	}
	memcpy(f->memory + (address - FAKE_START), from, n);
	return (int64_t)n;
}

static inline bool
fake_load(void *context, struct exo_context *registers)
{
	*registers = ((struct fake_target *)context)->registers;
	return true;
}

static inline bool
fake_store(void *context, const struct exo_context *registers)
{
	((struct fake_target *)context)->registers = *registers;
	return true;
}

static inline uint64_t
fake_place(void *context, const struct exo_context *registers)
{
	(void)registers;
	return ((struct fake_target *)context)->place;
}

static inline void
fake_go(void *context, uint8_t signal)
{
	struct fake_target *f = context;

	f->goes++;
	f->signal = signal;
}

static inline void
fake_halt(void *context)
{
	((struct fake_target *)context)->halts++;
}

static inline void
fake_kill(void *context)
{
	((struct fake_target *)context)->kills++;
}

static inline struct gdb_why
fake_why(void *context)
{
	return ((struct fake_target *)context)->why;
}

static inline void
fake_send(void *context, const char *text, size_t bytes)
{
	struct fake_target *f = context;

	if (bytes < sizeof(f->sent) - f->sent_bytes) {
		memcpy(f->sent + f->sent_bytes, text, bytes);
		f->sent_bytes += bytes;
	}
}

static const struct gdb_target fake_target = {
	.read = fake_read,
	.write = fake_write,
	.load = fake_load,
	.store = fake_store,
	.place = fake_place,
	.go = fake_go,
	.halt = fake_halt,
	.kill = fake_kill,
	.why = fake_why,
	.send = fake_send,
};

/* Stands at 0x1000: c.li, c.li, c.li, c.li, nop, ... */
static inline void
fake_open(struct fake_target *f)
{
	*f = (struct fake_target){.memory = {1, 0x45, 1, 0x45, 1, 0x45, 1, 0x45, 0x13},
				  .registers.pc = FAKE_START,
				  .why = {GDB_STANDS, GDB_TRAP}};
}

#endif
