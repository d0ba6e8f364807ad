/* SPDX-License-Identifier: MIT
 * env.h: an environment as a target of gdb, by an ENV capability with OBSERVE and CONTROL.
 *
 * While it is debugged, its exceptions stop it: its own entry point for them is taken away, and gdb
 * decides which are handed to it. The caller becomes its supervisor and so hears of them; who was
 * before has to be named again afterwards, by whoever knows.
 */
#ifndef LIB_GDBSTUB_ENV_H
#define LIB_GDBSTUB_ENV_H

#include "lib/gdbstub/stub.h"

struct gdb_env {
	exo_handle env;
	exo_handle line;  /* CONSOLE to answer on, READ and WRITE */
	uint64_t entry;   /* of its exceptions, */
	uint64_t window;  /* as it had them */
	bool was_stopped; /* by somebody else; it stays so afterwards */
	bool is_halted;   /* by us */
	bool is_gone;     /* it has to be killed */
	struct exo_context seen;
};

extern const struct gdb_target gdb_env_target;

/* Stops `env` and takes its exceptions; `self` (SIGNAL) is the caller, whose event `bit` is raised
 * when it stops. 0, or the error of the call that failed, with *env as it was. */
int64_t gdb_env_open(struct gdb_env *g, exo_handle env, exo_handle line, exo_handle self,
		     uint32_t bit);

/* Gives it its exceptions back, and lets it run unless it was stopped before. One that stands at an
 * exception tries that again. Errors mean that it is gone. */
void gdb_env_close(struct gdb_env *g);

#endif
