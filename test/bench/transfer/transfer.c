/* SPDX-License-Identifier: MIT
 * transfer.c: what it costs to go to another environment, in a space of its own, and back:
 * transfer_bare and transfer_saved (call and reply), yield_pair, notify_pair.
 *
 * The peer shares this program's capability space, so that all name each other by the same
 * handles. Those that call have floating point, those that yield and notify have not.
 */
#include <string.h>

#include <exo/uarea.h>

#include "lib/exo/events.h"
#include "lib/exo/frames.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/bench/transfer/peer.h"

#define SAMPLES    100
#define DONE_BIT   5
#define PAGES      2 /* data, code */
#define REGION     EXO_UAREA_BASE /* of one level-0 table; the u-area first */
#define DATA       (REGION + EXO_PAGE_SIZE)
#define CODE       (DATA + EXO_PAGE_SIZE)
#define READ_WRITE (EXO_READ | EXO_WRITE)

_Static_assert(NR_NOTIFY == EXO_NR_notify && NR_YIELD == EXO_NR_yield &&
		       NR_REPLY == EXO_NR_reply && NR_CALL == EXO_NR_call,
	       "peer.h");
_Static_assert(KEPT_SP == EXO_U_LIBRARY, "peer.h");

static struct {
	struct exo_pages image;
	exo_handle env, space, directory, table;
} peer;

static void
make(uint32_t type, uint64_t arg0, uint64_t arg1, exo_handle *object)
{
	must("create", exo_frames_create(exo_own_frames(), type, arg0, arg1, object, NULL));
}

static void
make_peer(void)
{
	must("pages", exo_pages_make(&peer.image, PAGES));
	memcpy((char *)peer.image.memory + EXO_PAGE_SIZE, peer_code,
	       (size_t)(peer_code_end - peer_code));
	must("unmap", exo_vm_unmap(exo_own_vm(), (uint64_t)peer.image.memory, PAGES));
	make(EXO_CAP_SPACE, 0, 0, &peer.space);
	make(EXO_CAP_TABLE, 1, 0, &peer.directory);
	make(EXO_CAP_TABLE, 0, 0, &peer.table);
	must("hang", exo_map(REGION & ~((1ul << 30) - 1), peer.directory, 0, 1, EXO_WRITE, NULL,
			     peer.space));
	must("hang", exo_map(REGION, peer.table, 0, 1, EXO_WRITE, NULL, peer.space));
	must("data", exo_map(DATA, peer.image.frames, 0, 1, READ_WRITE, NULL, peer.space));
	must("code", exo_map(CODE, peer.image.frames, 1, 1, EXO_READ | EXO_EXEC, NULL, peer.space));
}

static uint64_t
place_of(const char *entry)
{
	return CODE + (uint64_t)(entry - peer_code);
}

/* A new environment at `first`, which runs until it has to wait; calls enter it at `entry`. */
static void
start_peer(const char *first, const char *entry, uint64_t flags, exo_handle partner)
{
	struct exo_context begin = {.pc = place_of(first)};

	make(EXO_CAP_ENV, flags << 8, EXO_UAREA_BASE, &peer.env);
	must("u-area", exo_map(REGION, peer.env, 0, 1, READ_WRITE, NULL, peer.space));
	must("bind", exo_bind(EXO_BIND_SPACE, peer.env, peer.space, 0));
	must("bind", exo_bind(EXO_BIND_CSPACE, peer.env, exo_start()->cspace, 0));
	must("entry", exo_env_entry(peer.env, EXO_ENTRY_CALL, place_of(entry), 0));
	begin.x[2] = CODE - 256;
	begin.x[3] = EXO_UAREA_BASE;
	begin.x[8] = partner;
	must("write", exo_env_write(peer.env, &begin));
	must("start", exo_env_start(peer.env));
	exo_pause(1000000);
}

static void
end_peer(void)
{
	must("stop", exo_env_stop(peer.env));
	must("unmap", exo_unmap(REGION, 1, 0, NULL, peer.space));
	must("drop", exo_drop(peer.env, 0, 0));
}

static void
calls(void)
{
	start_peer(peer_bare, peer_bare, EXO_ENV_FP, EXO_NONE);
	for (int i = 0; i < SAMPLES; i++) {
		call_bare(peer.env);
	}
	end_peer();
	start_peer(peer_saved_first, peer_saved, EXO_ENV_FP, EXO_NONE);
	for (int i = 0; i < SAMPLES; i++) {
		call_saved(peer.env, exo_start()->uarea);
	}
	end_peer();
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
	make(EXO_CAP_ENV, 0, EXO_UAREA_BASE, &partner);
	must("bind", exo_bind(EXO_BIND_SPACE, partner, exo_start()->space, 0));
	must("bind", exo_bind(EXO_BIND_CSPACE, partner, exo_start()->cspace, 0));
	begin.x[2] = (uint64_t)stack.memory + 2 * EXO_PAGE_SIZE;
	begin.x[10] = what;
	must("write", exo_env_write(partner, &begin));
	start_peer(entry, peer_bare, 0, partner);
	must("start", exo_env_start(partner));
	must("sleep", exo_sleep(1ul << DONE_BIT, UINT64_MAX));
	end_peer();
}

int
main(void)
{
	make_peer();
	bench_empty();
	calls();
	pair(peer_yield, 0);
	pair(peer_notify, 1);
	return bench_end();
}
