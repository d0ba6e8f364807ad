/* SPDX-License-Identifier: MIT
 * transfer_test.c: chains of calls against their model: twenty environments of one hart call,
 * answer, send, yield and sleep as they get their turns, with deadlines; some are stopped, started
 * and ended meanwhile, and the capabilities that they call through come and go. Registers are
 * looked at too. In the end all are dropped, in any order. 10^5 steps; LONG=1: 10^6.
 *
 * The short ways are those of test/model/short_way.c.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c test/model/chain_model.c
 * links: test/unit/chain_rig.c test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/mmio.h"
#include "kern/sys/dispatch.h"
#include "kern/transfer.h"
#include "lib/base/checked.h"
#include "test/unit/chain_rig.h"

#define EPOCH_STEPS 500
#define CHECK_EVERY 64

static uint64_t serial;
static bool is_deep; /* who serves calls, mostly, others answer: chains grow */

/* --- what they do --------------------------------------------------------------------------- */
static uint64_t
prepare(int i, exo_handle to, exo_handle along)
{
	struct arch_env *a = &rig.member[i].env->arch;

	serial++;
	a->x[5] = to;
	a->x[6] = along;
	a->x[10] = serial;
	a->x[31] = ~serial;
	if (rig_uses_float(i)) {
		a->f[7] = serial;
		arch_fp_used(a);
	}
	return serial;
}

/* Did what `from` had arrive at `to`, at `pc`? */
static void
arrived(int from, int to, uint64_t what, uint64_t status, bool has_gift, uint64_t float_before)
{
	const struct arch_env *a = &rig.member[to].env->arch;
	const struct arch_env *b = &rig.member[from].env->arch;

	assert_int_equal(a->x[3], a->uarea);
	assert_int_equal(a->x[5], status);
	assert_int_equal(a->x[6] != 0, has_gift);
	assert_int_equal(a->x[7], 0);
	assert_int_equal(a->x[10], what);
	assert_int_equal(a->x[31], ~what);
	if (!a->fp || !b->fp) {
		assert_int_equal(a->f[7], float_before);
	} else if (rig_uses_float(from)) {
		assert_int_equal(a->f[7], what);
	}
	if (has_gift) {
		rig.gift = a->x[6];
		rig.ends[END_GIFT]++;
	}
}

static void
refused(int i, int64_t error, uint64_t what)
{
	const struct arch_env *a = &rig.member[i].env->arch;

	assert_int_equal((int64_t)a->x[5], error);
	assert_int_equal(a->x[10], what);
	assert_int_equal(a->x[0], PC);
	rig.ends[END_DEPTH] += error == E_DEPTH;
	rig.ends[END_GONE] += error == E_GONE;
}

/* The slot that `to` has opened takes what goes along, unless it is there already. */
static int
gift_error(int to, exo_handle along)
{
	return along && EXO_HANDLE_INDEX(rig.gift) == GIFT0 + (uint32_t)to ? E_SLOT : 0;
}

static exo_handle
some_gift(void)
{
	return rig_draw(8) ? EXO_NONE : rig.gift;
}

/* Mostly one that is open. */
static int
some_callee(void)
{
	int to = (int)rig_draw(MEMBERS);

	for (int tries = 0; tries < 16 && model.state[to] != CHAIN_OPEN; tries++) {
		to = (int)rig_draw(MEMBERS);
	}
	return rig_draw(8) ? to : (int)rig_draw(MEMBERS);
}

static void
do_call(int i, bool is_send)
{
	int to = some_callee();
	exo_handle along = some_gift();
	uint64_t what = prepare(i, rig.member[to].name, along);
	uint64_t before = rig.member[to].env->arch.f[7];
	int error = rig.member[to].name ? chain_check(&model, i, to) : E_HANDLE;

	error = error ? error : gift_error(to, along);
	env_uarea(rig.member[i].env)->call_deadline = rig.member[i].deadline =
		rig_draw(is_deep ? 32 : 2) ? 0 : arch_time() + rig_draw(40) * QUANTUM;
	calls_step(is_send ? EXO_NR_send : EXO_NR_call);
	if (error) {
		refused(i, error, what);
		return;
	}
	arrived(i, to, what, rig_badge(to), along, before);
	assert_int_equal(rig.member[to].env->arch.x[0], ENTRY + (uint64_t)to * 16);
	if (is_send) {
		chain_send(&model, to);
		assert_true(rig_is_blank(i, 0));
	} else {
		chain_call(&model, i, to);
	}
	assert_int_equal(rig.member[i].env->arch.x[0], PC);
	rig.ends[is_send ? END_SEND : END_CALL]++;
}

static void
do_reply(int i)
{
	int to = model.caller[i];
	exo_handle along = some_gift();
	uint64_t what = prepare(i, 0, along);
	uint64_t before = to == CHAIN_NOBODY ? 0 : rig.member[to].env->arch.f[7];
	int error = to == CHAIN_NOBODY ? 0 : gift_error(to, along);

	calls_step(EXO_NR_reply);
	if (!error && to == CHAIN_NOBODY && along && !model.is_gone[i]) {
		error = E_GONE; /* to nobody */
	}
	error = error ? error : chain_reply(&model, i);
	if (error) {
		refused(i, error, what);
	} else if (to != CHAIN_NOBODY) {
		arrived(i, to, what, 0, along, before);
		assert_int_equal(rig.member[to].env->arch.x[0], PC);
		rig.ends[END_REPLY]++;
	}
}

static void
do_sleep(int i)
{
	struct arch_env *a = &rig.member[i].env->arch;

	rig.member[i].until = arch_time() + rig_draw(20) * QUANTUM;
	a->x[10] = 1;
	a->x[11] = rig.member[i].until;
	if (rig.member[i].until > arch_time()) {
		model.state[i] = CHAIN_ASLEEP;
	}
	calls_step(EXO_NR_sleep);
}

static void
do_yield(int i)
{
	int to = (int)rig_draw(MEMBERS);

	rig.member[i].env->arch.x[10] = rig_draw(4) ? rig.member[to].name : EXO_NONE;
	calls_step(EXO_NR_yield);
}

/* It takes the name of another one away, or makes it anew. */
static void
do_name(int i)
{
	struct arch_env *a = &rig.member[i].env->arch;
	int of = (int)rig_draw(MEMBERS);

	if (!rig.member[of].handle) {
		return;
	}
	if (rig.member[of].name) {
		memset(&a->x[10], 0, 7 * sizeof(a->x[0]));
		a->x[10] = rig.member[of].name;
		rig.member[of].name = EXO_NONE;
		calls_step(EXO_NR_drop);
		return;
	}
	rig_name(of, &a->x[10]);
	calls_step(EXO_NR_share);
	assert_true(calls_is_done(rig.member[i].env) && (int64_t)a->x[10] > 0);
	rig.member[of].name = a->x[10];
}

static void
do_exit(int i)
{
	calls_step(EXO_NR_exit);
	rig_died(i);
}

/* It takes another one, or itself, away for good: at once, unless its slice is over first. */
static void
do_drop(int i)
{
	struct arch_env *a = &rig.member[i].env->arch;
	int of = (int)rig_draw(MEMBERS);

	if (model.state[of] == CHAIN_DEAD || !rig.member[of].handle) {
		return;
	}
	memset(&a->x[10], 0, 7 * sizeof(a->x[0]));
	a->x[10] = rig.member[of].handle;
	rig.member[of].name = rig.member[of].handle = EXO_NONE;
	rig.member[of].is_dying = true;
	calls_step(EXO_NR_drop);
	while (calls_running() == rig.member[i].env && !calls_is_done(rig.member[i].env)) {
		calls_step(0); /* others are buried first */
	}
	if (calls_is_done(rig.member[i].env) || rig.member[of].env->state == EXO_STATE_DEAD) {
		rig_died(of);
	}
}

/* --- what is done to them ------------------------------------------------------------------- */
static struct {
	struct env *e;
	uint32_t what;
} request;

static void
handle_request(void *unused)
{
	struct hart *h = hart_self();

	(void)unused;
	if (host_context(0)) {
		h = hart_enter(env_current());
	}
	kernel_lock(h->kernel);
	env_request(request.e, request.what);
	kernel_unlock(h->kernel);
	hart_interrupts(h);
	arch_enter(hart_dispatch(h));
}

/* One that is stopped in the middle of its reply finds it done, and is closed. */
static void
ask(int i, uint32_t what)
{
	bool was_open = model.state[i] == CHAIN_OPEN;

	if (model.state[i] == CHAIN_DEAD) {
		return;
	}
	if (what == REQUEST_STOP) {
		chain_stop(&model, i);
	} else if (what == REQUEST_START && model.state[i] == CHAIN_STOPPED) {
		model.state[i] = CHAIN_READY;
	}
	request.e = rig.member[i].env;
	request.what = what;
	host_run(0, handle_request, NULL);
	if (what == REQUEST_KILL) {
		rig_died(i);
	}
	if (what == REQUEST_STOP && was_open) {
		assert_true(rig_is_blank(i, 0));
		assert_int_equal(rig.member[i].env->arch.x[0], PC);
	}
}

/* Of a chain that has its turn no call is late, nor of one that cannot run, for what was up at
 * `since`. */
static void
none_is_late(uint64_t since)
{
	int turn = rig_number(transfer_env(hart_self()->turn));

	for (int i = 0; i < MEMBERS; i++) {
		bool has_turn = rig_is_below(turn, i);
		bool waits = model.state[i] != CHAIN_STOPPED && model.callee[i] != CHAIN_NOBODY &&
			     !chain_can_run(&model, i);

		if (model.callee[i] != CHAIN_NOBODY && (has_turn || waits) &&
		    rig.member[i].deadline) {
			assert_true(rig.member[i].deadline > since);
		}
		if (model.state[i] == CHAIN_ASLEEP) {
			assert_true(rig.member[i].until > since);
		}
	}
}

/* A turn deals with two deadlines, the next one comes a little later. */
static void
pass_time(uint64_t ticks)
{
	uint64_t then = arch_time() + ticks;

	host_time_set(then, 0);
	for (int i = 0; i < MEMBERS; i++) {
		calls_interrupt();
		host_time_set(arch_time() + HOST_TIMEBASE_HZ / 100000, 0);
	}
	rig_follow();
	none_is_late(then);
}

static void
act(int i)
{
	uint64_t kind = rig_draw(64);

	if (is_deep && rig_draw(32)) {
		kind = model.caller[i] == CHAIN_NOBODY && rig_draw(4) ? 30 : 2;
	}
	if (!calls_is_done(rig.member[i].env)) {
		calls_step(0);
	} else if (kind < 30) {
		do_call(i, kind < 2);
	} else if (kind < 48) {
		do_reply(i);
	} else if (kind < 54) {
		do_yield(i);
	} else if (kind < 59) {
		do_sleep(i);
	} else if (kind < 62) {
		do_name(i);
	} else if (rig_draw(4) == 0) {
		(rig_draw(2) ? do_exit : do_drop)(i);
	}
}

static void
step(void)
{
	int active = rig_number(calls_running());
	uint64_t kind = rig_draw(32);
	int i = (int)rig_draw(MEMBERS);

	kind += is_deep && rig_draw(8) ? 3 : 0;
	if (kind < 2 || active == CHAIN_NOBODY) {
		pass_time(rig_draw(4) ? rig_draw(QUANTUM) : rig_draw(40) * QUANTUM);
	} else if (kind == 2) {
		ask(i, rig_draw(40) ? REQUEST_STOP : REQUEST_KILL);
	} else if (!calls_gone_on()) {
		act(active);
	}
	if (kind > 28) {
		ask(i, REQUEST_START);
	}
	rig_compare();
}

/* --- the end of all of them ----------------------------------------------------------------- */
static void
end(void)
{
	int order[MEMBERS];

	request.e = kernel_get()->init;
	kernel_get()->init->events = 1;
	request.what = REQUEST_WAKE;
	host_run(0, handle_request, NULL);
	for (int i = 0; i < MEMBERS; i++) {
		int at = (int)rig_draw((uint64_t)i + 1);

		order[i] = order[at];
		order[at] = i;
	}
	for (int i = 0; i < MEMBERS; i++) {
		chain_die(&model, order[i]);
		assert_int_equal(rig_insist(EXO_NR_drop, rig.member[order[i]].memory), 0);
		rig_follow();
		for (int n = i + 1; n < MEMBERS; n++) {
			rig_compare_one(order[n]);
		}
	}
	assert_int_equal(rig_insist(EXO_NR_drop, rig.gift), 0);
	calls_check();
}

static void
test_chains(void **state)
{
	uint64_t steps = getenv("LONG") ? 1000000 : 100000;

	(void)state;
	rig_boot();
	for (uint64_t i = 0; i < steps; i += EPOCH_STEPS) {
		is_deep = i / EPOCH_STEPS % 4 == 0;
		rig_begin();
		for (uint64_t n = 0; n < EPOCH_STEPS; n++) {
			step();
			if (n % CHECK_EVERY == 0) {
				calls_check();
			}
		}
		end();
	}
	for (size_t i = 0; i < ENDS; i++) {
		assert_true(rig.ends[i] > steps / 50000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
