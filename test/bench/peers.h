/* SPDX-License-Identifier: MIT
 * peers.h: an environment in a space of its own for a benchmark to call. Its code is copied to a
 * page there; it shares the program's capability space, so that all name each other by the same
 * handles.
 */
#ifndef TEST_BENCH_PEERS_H
#define TEST_BENCH_PEERS_H

#include <string.h>

#include <exo/uarea.h>

#include "lib/exo/events.h"
#include "lib/exo/frames.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"

#define PEER_PAGES  2              /* data, code */
#define PEER_REGION EXO_UAREA_BASE /* of one level-0 table; the u-area first */
#define PEER_DATA   (PEER_REGION + EXO_PAGE_SIZE)
#define PEER_CODE   (PEER_DATA + EXO_PAGE_SIZE)
#define PEER_RW     (EXO_READ | EXO_WRITE)

struct peer {
	struct exo_pages image;
	exo_handle env, space, directory, table;
};

static inline void
peer_object(uint32_t type, uint64_t arg0, uint64_t arg1, exo_handle *object)
{
	must("create", exo_frames_create(exo_own_frames(), type, arg0, arg1, object, NULL));
}

/* The space, with `bytes` of code in it. */
static inline void
peer_make(struct peer *p, const char *code, uint64_t bytes)
{
	must("pages", exo_pages_make(&p->image, PEER_PAGES));
	memcpy((char *)p->image.memory + EXO_PAGE_SIZE, code, bytes);
	must("unmap", exo_vm_unmap(exo_own_vm(), (uint64_t)p->image.memory, PEER_PAGES));
	peer_object(EXO_CAP_SPACE, 0, 0, &p->space);
	peer_object(EXO_CAP_TABLE, 1, 0, &p->directory);
	peer_object(EXO_CAP_TABLE, 0, 0, &p->table);
	must("hang", exo_map(PEER_REGION & ~((1ul << 30) - 1), p->directory, 0, 1, EXO_WRITE, NULL,
			     p->space));
	must("hang", exo_map(PEER_REGION, p->table, 0, 1, EXO_WRITE, NULL, p->space));
	must("data", exo_map(PEER_DATA, p->image.frames, 0, 1, PEER_RW, NULL, p->space));
	must("code",
	     exo_map(PEER_CODE, p->image.frames, 1, 1, EXO_READ | EXO_EXEC, NULL, p->space));
}

/* A new environment that begins `first` bytes into the code and runs until it has to wait; calls
 * enter it at `entry`. `kind` is what create wants to know; s0 is `partner`. */
static inline void
peer_start(struct peer *p, uint64_t first, uint64_t entry, uint64_t kind, exo_handle partner)
{
	struct exo_context begin = {.pc = PEER_CODE + first};

	peer_object(EXO_CAP_ENV, kind, EXO_UAREA_BASE, &p->env);
	must("u-area", exo_map(PEER_REGION, p->env, 0, 1, PEER_RW, NULL, p->space));
	must("bind", exo_bind(EXO_BIND_SPACE, p->env, p->space, 0));
	must("bind", exo_bind(EXO_BIND_CSPACE, p->env, exo_start()->cspace, 0));
	must("entry", exo_env_entry(p->env, EXO_ENTRY_CALL, PEER_CODE + entry, 0));
	begin.x[2] = PEER_CODE - 256;
	begin.x[3] = EXO_UAREA_BASE;
	begin.x[8] = partner;
	must("write", exo_env_write(p->env, &begin));
	must("start", exo_env_start(p->env));
	exo_pause(1000000);
}

static inline void
peer_end(struct peer *p)
{
	must("stop", exo_env_stop(p->env));
	must("unmap", exo_unmap(PEER_REGION, 1, 0, NULL, p->space));
	must("drop", exo_drop(p->env, 0, 0));
}

#endif
