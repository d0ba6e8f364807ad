/* SPDX-License-Identifier: MIT
 * harts.c: what a null call, and a call and reply between two spaces, cost when four harts make
 * them at once (null_call_4h, transfer_bare_4h).
 *
 * A caller on each hart, all in this program's space, and one that answers beside it; each caller
 * waits until all have begun, then calls until all have made their samples, so that no hart is ever
 * alone.
 */
#include <stdatomic.h>

#include "test/bench/harts/peer.h"
#include "test/bench/peers.h"

#define HARTS       4
#define SAMPLES     2000
#define STACK_PAGES 2
#define DONE_BIT    5

static struct {
	atomic_int begun;
	atomic_int done;
} meeting;

static void
caller_main(uint64_t peer)
{
	atomic_fetch_add(&meeting.begun, 1);
	while (atomic_load(&meeting.begun) < HARTS) {
	}
	for (int i = 0; i < SAMPLES || atomic_load(&meeting.done) < HARTS; i++) {
		BEGIN(OP_EMPTY);
		END(OP_EMPTY);
		BEGIN(OP_NULL_CALL_4H);
		exo_null();
		END(OP_NULL_CALL_4H);
		call_bare_4h(peer);
		if (i == SAMPLES) {
			atomic_fetch_add(&meeting.done, 1);
		}
	}
	exo_signal(exo_start()->env, EXO_EVENT(DONE_BIT));
	exo_exit(0);
}

static void
caller_start(uint64_t hart)
{
	struct exo_context begin = {.pc = (uint64_t)caller_main};
	struct exo_pages stack;
	struct peer peer;
	exo_handle env;

	peer_make(&peer, hart_peer_code, (uint64_t)(hart_peer_code_end - hart_peer_code));
	peer_start(&peer, 0, 0, hart, EXO_NONE);
	must("stack", exo_pages_make(&stack, STACK_PAGES));
	peer_object(EXO_CAP_ENV, hart, EXO_UAREA_BASE, &env);
	must("bind", exo_bind(EXO_BIND_SPACE, env, exo_start()->space, 0));
	must("bind", exo_bind(EXO_BIND_CSPACE, env, exo_start()->cspace, 0));
	begin.x[2] = (uint64_t)stack.memory + STACK_PAGES * EXO_PAGE_SIZE;
	begin.x[10] = peer.env;
	must("write", exo_env_write(env, &begin));
	must("start", exo_env_start(env));
}

int
main(void)
{
	if (exo_sysinfo()->harts < HARTS) {
		must("four harts", E_HART);
	}
	for (uint64_t hart = 0; hart < HARTS; hart++) {
		caller_start(hart);
	}
	while (atomic_load(&meeting.done) < HARTS) {
		exo_wait(EXO_EVENT(DONE_BIT), EXO_FOREVER);
	}
	return bench_end();
}
