/* SPDX-License-Identifier: MIT
 * env.c: an environment as a target of gdb; see env.h.
 *
 * An exception that the kernel cannot deliver stops the environment as FAULTED, and that is every
 * one while it has no entry point for them. To hand it one, what the kernel would have done is done
 * here: cause, pc, tval and gp into its u-area, gp to that, pc to its handler (uarea.h). Priv.
 * spec, "Supervisor cause register values after trap".
 */
#include "lib/gdbstub/env.h"

#include <exo/uarea.h>

#include "lib/exo/call.h"
#include "lib/exo/time.h"

#define ECALL     0x00000073u
#define SEND_WAIT 1000 /* ticks */

static const uint8_t signals[16] = {
	[0] = GDB_BUS,  [1] = GDB_SEGMENT,  [2] = GDB_ILLEGAL,  [3] = GDB_TRAP,
	[4] = GDB_BUS,  [5] = GDB_SEGMENT,  [6] = GDB_BUS,      [7] = GDB_SEGMENT,
	[8] = GDB_CALL, [12] = GDB_SEGMENT, [13] = GDB_SEGMENT, [15] = GDB_SEGMENT,
};

static uint8_t
signal_of(const struct exo_context *c)
{
	uint8_t signal = c->death.cause < sizeof(signals) ? signals[c->death.cause] : 0;

	return signal ? signal : GDB_ILLEGAL;
}

static int64_t
env_read(void *context, uint64_t address, void *to, size_t bytes)
{
	const struct gdb_env *g = context;

	return exo_env_peek(g->env, address, to, bytes);
}

static int64_t
env_write(void *context, uint64_t address, const void *from, size_t bytes)
{
	const struct gdb_env *g = context;
	int64_t n = exo_env_poke(g->env, address, from, bytes);

	exo_fence_i();
	return n;
}

static bool
env_load(void *context, struct exo_context *registers)
{
	const struct gdb_env *g = context;

	return exo_env_read(g->env, registers) == 0;
}

static bool
env_store(void *context, const struct exo_context *registers)
{
	const struct gdb_env *g = context;

	return exo_env_write(g->env, registers) == 0;
}

/* A `resume` goes on where its u-area says. */
static uint64_t
env_place(void *context, const struct exo_context *c)
{
	const struct gdb_env *g = context;
	uint64_t u[EXO_U_EVENTS / 8];
	uint32_t word = 0;

	exo_env_peek(g->env, c->pc, &word, sizeof(word));
	if (word != ECALL || c->x[17] != (uint64_t)-EXO_NR_resume ||
	    exo_env_peek(g->env, c->uarea, u, sizeof(u)) != sizeof(u)) {
		return 0;
	}
	return u[EXO_U_CAUSE / 8] ? u[EXO_U_PC / 8] : u[EXO_U_ASYNC_PC / 8];
}

/* Enters its own handler, if it has one and that is not busy. */
static bool
deliver(struct gdb_env *g)
{
	struct exo_context *c = &g->seen;
	uint64_t area[4] = {c->death.cause, c->pc, c->death.tval, c->x[3]};
	uint64_t busy = 1;

	if (!g->entry || exo_env_peek(g->env, c->uarea, &busy, 8) != 8 || busy ||
	    exo_env_poke(g->env, c->uarea, area, sizeof(area)) != sizeof(area)) {
		return false;
	}
	c->x[3] = c->uarea;
	c->pc = g->entry;
	return exo_env_write(g->env, c) == 0;
}

/* Lets it run; its home hart has seen to that when this returns, so its state is not that of
 * before: a call that wants it stopped waits for that. */
static void
start(const struct gdb_env *g)
{
	exo_env_start(g->env);
	exo_env_poke(g->env, 0, g, 0);
}

static void
env_go(void *context, uint8_t signal)
{
	struct gdb_env *g = context;
	bool is_its_own;

	if (exo_env_read(g->env, &g->seen) < 0) {
		return;
	}
	is_its_own = signal && g->seen.state == EXO_STATE_FAULTED && signal == signal_of(&g->seen);
	if (is_its_own && !deliver(g)) {
		g->is_gone = true; /* as without a debugger */
		return;
	}
	g->is_halted = false;
	start(g);
}

static void
env_halt(void *context)
{
	struct gdb_env *g = context;

	g->is_halted = false;
	exo_env_stop(g->env);
}

static void
env_kill(void *context)
{
	struct gdb_env *g = context;

	g->is_gone = true;
}

/* It may have named a handler of its own meanwhile. */
static void
take_exceptions(struct gdb_env *g)
{
	if (g->seen.exception_entry) {
		g->entry = g->seen.exception_entry;
		g->window = g->seen.exception_window;
		exo_env_entry(g->env, EXO_ENTRY_EXCEPTION, 0, 0);
	}
}

static struct gdb_why
env_why(void *context)
{
	struct gdb_env *g = context;
	bool is_there = exo_env_read(g->env, &g->seen) == 0;

	if (g->is_gone) {
		return (struct gdb_why){GDB_DIED, is_there ? signal_of(&g->seen) : GDB_KILL};
	}
	if (!is_there) {
		return (struct gdb_why){GDB_DIED, GDB_KILL};
	}
	switch (g->seen.state) {
	case EXO_STATE_DEAD:
		return g->seen.death.kind == EXO_DEATH_EXIT
			       ? (struct gdb_why){GDB_EXITED, (uint8_t)g->seen.death.cause}
			       : (struct gdb_why){GDB_DIED, GDB_KILL};
	case EXO_STATE_FAULTED:
		take_exceptions(g);
		return (struct gdb_why){GDB_STANDS, signal_of(&g->seen)};
	case EXO_STATE_STOPPED:
		take_exceptions(g);
		return (struct gdb_why){GDB_STANDS, g->is_halted ? GDB_TRAP : GDB_INTERRUPT};
	default:
		return (struct gdb_why){GDB_RUNS, 0};
	}
}

static void
env_send(void *context, const char *text, size_t bytes)
{
	const struct gdb_env *g = context;

	while (bytes) {
		int64_t n = exo_console_write(g->line, text, bytes);

		if (n < 0) {
			return;
		}
		text += n;
		bytes -= (size_t)n;
		if (!n) {
			exo_sleep(0, exo_ticks() + SEND_WAIT);
		}
	}
}

const struct gdb_target gdb_env_target = {
	.read = env_read,
	.write = env_write,
	.load = env_load,
	.store = env_store,
	.place = env_place,
	.go = env_go,
	.halt = env_halt,
	.kill = env_kill,
	.why = env_why,
	.send = env_send,
};

int64_t
gdb_env_open(struct gdb_env *g, exo_handle env, exo_handle line, exo_handle self, uint32_t bit)
{
	int64_t status;

	*g = (struct gdb_env){.env = env, .line = line};
	status = exo_env_read(env, &g->seen);
	if (status < 0) {
		return status;
	}
	g->was_stopped = g->seen.state == EXO_STATE_STOPPED;
	status = exo_env_supervisor(env, self, bit);
	status = status < 0 ? status : exo_env_stop(env);
	if (status < 0) {
		return status;
	}
	g->is_halted = true;
	exo_env_read(env, &g->seen);
	take_exceptions(g);
	return 0;
}

void
gdb_env_close(struct gdb_env *g)
{
	if (g->is_gone || exo_env_read(g->env, &g->seen) < 0) {
		return;
	}
	if (g->entry && !g->seen.exception_entry) {
		exo_env_entry(g->env, EXO_ENTRY_EXCEPTION, g->entry, g->window);
	}
	if (!g->was_stopped) {
		start(g);
	}
}
