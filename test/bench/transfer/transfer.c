/* SPDX-License-Identifier: MIT
 * transfer.c: what it costs to go to another environment, in a space of its own, and back:
 * transfer_bare and transfer_saved (call and reply), yield_pair, notify_pair.
 *
 * Those that call have floating point, those that yield and notify have not.
 */
#include "test/bench/peers.h"
#include "test/bench/transfer/peer.h"

#define SAMPLES  100
#define DONE_BIT 5

_Static_assert(NR_NOTIFY == EXO_NR_notify && NR_YIELD == EXO_NR_yield &&
		       NR_REPLY == EXO_NR_reply && NR_CALL == EXO_NR_call,
	       "peer.h");
_Static_assert(KEPT_SP == EXO_U_LIBRARY, "peer.h");

static struct peer peer;

static void
start_peer(const char *first, const char *entry, uint64_t flags, exo_handle partner)
{
	peer_start(&peer, (uint64_t)(first - peer_code), (uint64_t)(entry - peer_code), flags << 8,
		   partner);
}

static void
calls(void)
{
	start_peer(peer_bare, peer_bare, EXO_ENV_FP, EXO_NONE);
	for (int i = 0; i < SAMPLES; i++) {
		call_bare(peer.env);
	}
	peer_end(&peer);
	start_peer(peer_saved_first, peer_saved, EXO_ENV_FP, EXO_NONE);
	for (int i = 0; i < SAMPLES; i++) {
		call_saved(peer.env, exo_start()->uarea);
	}
	peer_end(&peer);
}

static void
yields(void)
{
	for (int i = 0; i < SAMPLES; i++) {
		BEGIN(OP_YIELD_PAIR);
		exo_yield(peer.env);
		END(OP_YIELD_PAIR);
	}
}

static void
notices(void)
{
	exo_sleep(1, 0); /* the peer's first one, or there would be one too many */
	for (int i = 0; i < SAMPLES; i++) {
		BEGIN(OP_NOTIFY_PAIR);
		exo_notify(peer.env, 1, 1, UINT64_MAX);
		END(OP_NOTIFY_PAIR);
	}
}

static void
partner_main(uint64_t what)
{
	if (what) {
		notices();
	} else {
		yields();
	}
	exo_signal(exo_start()->env, 1ul << DONE_BIT);
	exo_exit(0);
}

/* The peer and, in this space, its partner, both without floating point. */
static void
pair(const char *entry, uint64_t what)
{
	struct exo_context begin = {.pc = (uint64_t)partner_main};
	struct exo_pages stack;
	exo_handle partner;

	must("stack", exo_pages_make(&stack, 2));
	peer_object(EXO_CAP_ENV, 0, EXO_UAREA_BASE, &partner);
	must("bind", exo_bind(EXO_BIND_SPACE, partner, exo_start()->space, 0));
	must("bind", exo_bind(EXO_BIND_CSPACE, partner, exo_start()->cspace, 0));
	begin.x[2] = (uint64_t)stack.memory + 2 * EXO_PAGE_SIZE;
	begin.x[10] = what;
	must("write", exo_env_write(partner, &begin));
	start_peer(entry, peer_bare, 0, partner);
	must("start", exo_env_start(partner));
	must("sleep", exo_sleep(1ul << DONE_BIT, UINT64_MAX));
	peer_end(&peer);
}

int
main(void)
{
	peer_make(&peer, peer_code, (uint64_t)(peer_code_end - peer_code));
	bench_empty();
	calls();
	pair(peer_yield, 0);
	pair(peer_notify, 1);
	return bench_end();
}
