/* SPDX-License-Identifier: MIT
 * registers.c: the registers as gdb numbers them, and the description that says so: gdb manual,
 * "Target Descriptions", "RISC-V Features". An environment without floating point has those too:
 * programs are built for them, and gdb refuses a target that is narrower than the program. Pure.
 */
#include "lib/base/string.h"
#include "lib/gdbstub/parts.h"

#define PC     32u
#define FLOAT  33u
#define FFLAGS 65u
#define FRM    66u
#define FCSR   67u

/* A run of registers of one feature: their names are listed with blanks between them. */
struct group {
	const char *head;
	const char *names;
	const char *type;
	const char *bits;
	const char *tail;
};

static const struct group groups[] = {
	{"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
	 "<architecture>riscv:rv64</architecture><feature name=\"org.gnu.gdb.riscv.cpu\">",
	 "zero ra sp gp tp t0 t1 t2 fp s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 "
	 "t3 t4 t5 t6 ",
	 "int", "64", ""},
	{"", "pc ", "code_ptr", "64", "</feature>"},
	{"<feature name=\"org.gnu.gdb.riscv.fpu\">",
	 "ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 "
	 "fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11 ",
	 "ieee_double", "64", ""},
	{"", "fflags frm fcsr ", "int", "32", "</feature></target>"},
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

uint32_t
gdb_register_bytes(uint64_t number)
{
	return number < FFLAGS ? 8 : number < REGISTERS ? 4 : 0;
}

uint64_t
gdb_register_get(const struct exo_context *c, uint64_t number)
{
	switch (number) {
	case 0:
		return 0;
	case PC:
		return c->pc;
	case FFLAGS:
		return c->fcsr & 31;
	case FRM:
		return c->fcsr >> 5 & 7;
	case FCSR:
		return c->fcsr & 255;
	default:
		return number < PC ? c->x[number] : number < FFLAGS ? c->f[number - FLOAT] : 0;
	}
}

void
gdb_register_set(struct exo_context *c, uint64_t number, uint64_t value)
{
	switch (number) {
	case PC:
		c->pc = value;
		break;
	case FFLAGS:
		c->fcsr = (c->fcsr & ~31ul) | (value & 31);
		break;
	case FRM:
		c->fcsr = (c->fcsr & ~0xe0ul) | (value & 7) << 5;
		break;
	case FCSR:
		c->fcsr = value & 255;
		break;
	default:
		if (number && number < PC) {
			c->x[number] = value;
		} else if (number >= FLOAT && number < FFLAGS) {
			c->f[number - FLOAT] = value;
		}
		break;
	}
}

/* Takes `bytes` characters off *at if that is behind them; else the one there. */
static char
piece(const char *text, size_t bytes, uint64_t *at)
{
	if (*at < bytes) {
		return text[*at];
	}
	*at -= bytes;
	return 0;
}

static char
pieces(const char *const text[], size_t count, uint64_t *at)
{
	char c = 0;

	for (size_t i = 0; i < count && !c; i++) {
		c = piece(text[i], strlen(text[i]), at);
	}
	return c;
}

static char
group_char(const struct group *g, uint64_t *at)
{
	const char *const rest[] = {"\" type=\"", g->type, "\" bitsize=\"", g->bits, "\"/>"};
	char c = piece(g->head, strlen(g->head), at);
	const char *name = g->names;

	while (!c && *name) {
		size_t bytes = (size_t)(strchr(name, ' ') - name);

		c = piece("<reg name=\"", 11, at);
		c = c ? c : piece(name, bytes, at);
		c = c ? c : pieces(rest, 5, at);
		name += bytes + 1;
	}
	return c ? c : piece(g->tail, strlen(g->tail), at);
}

char
gdb_register_description(uint64_t at)
{
	char c = 0;

	for (size_t i = 0; i < GROUPS && !c; i++) {
		c = group_char(&groups[i], &at);
	}
	return c;
}
