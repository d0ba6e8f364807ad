/* SPDX-License-Identifier: MIT
 * chain_rig.c: see chain_rig.h.
 *
 * State: rig, model, and init's handles of what the members are made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/chain_rig.h"

#include "arch/host/mmio.h"
#include "kern/transfer.h"
#include "lib/base/rand.h"

#define SLOT0    200u /* of init's: three for each member, one more */
#define NAMELESS 3    /* members without an address space identifier, the last ones */

struct chain_model model;
struct rig rig = {.seed = 11};
static const struct exo_boot *boot;

void
rig_boot(void)
{
	boot = calls_boot();
	host_time_set(arch_time(), 0);
}

uint64_t
rig_draw(uint64_t limit)
{
	return rand_below(&rig.seed, limit);
}

static exo_handle
made(int64_t result)
{
	assert_true(result > 0);
	return (exo_handle)result;
}

int
rig_number(const struct env *e)
{
	for (int i = 0; i < MEMBERS; i++) {
		if (rig.member[i].env == e) {
			return i;
		}
	}
	return CHAIN_NOBODY;
}

uint64_t
rig_badge(int i)
{
	return 0x1000 + (uint64_t)i;
}

/* --- they come and go ----------------------------------------------------------------------- */
static void
init_runs(void)
{
	for (int i = 0; calls_running() != kernel_get()->init; i++) {
		assert_in_range(i, 0, 10000);
		host_time_set(arch_time() + QUANTUM, 0);
		calls_interrupt();
	}
}

void
rig_name(int i, uint64_t arguments[7])
{
	memset(arguments, 0, 7 * sizeof(arguments[0]));
	arguments[0] = rig.member[i].handle;
	arguments[1] = SLOT0 + 3 * (uint32_t)i + 2;
	arguments[4] = EXO_ENV_CALL | EXO_ENV_YIELD;
	arguments[5] = rig_badge(i);
}

static void
make(int i)
{
	uint32_t slot = SLOT0 + 3 * (uint32_t)i;
	exo_handle frames = calls_frames();
	uint64_t page = (calls_cap(EXO_HANDLE_INDEX(frames))->start + 1) & ~1ul;
	uint64_t fp = i % 4 ? EXO_ENV_FP : 0;
	struct rig_member *m = &rig.member[i];
	uint64_t arguments[7];

	page += 2 * (uint64_t)i + 64;
	memset(m, 0, sizeof(*m));
	m->memory = made(CALL(carve, frames, slot, page, 2, EXO_READ | EXO_WRITE));
	m->handle = made(CALL(create, EXO_CAP_ENV, m->memory, slot + 1, fp << 8,
			      EXO_UAREA_BASE + 0x10000 + (uint64_t)i * 4096));
	assert_int_equal(CALL(bind, EXO_BIND_SPACE, m->handle, boot->space), 0);
	assert_int_equal(CALL(bind, EXO_BIND_CSPACE, m->handle, boot->cspace), 0);
	assert_int_equal(CALL(env_entry, m->handle, EXO_ENTRY_CALL, ENTRY + (uint64_t)i * 16,
			      GIFT0 + (uint32_t)i),
			 0);
	rig_name(i, arguments);
	m->name = made(calls_call(EXO_NR_share, arguments));
	m->env = calls_page(page);
	if (i >= MEMBERS - NAMELESS) {
		m->env->arch.satp &= ~SATP_ASID_MASK;
	}
}

int64_t
rig_insist(uint32_t nr, exo_handle h)
{
	struct env *init = kernel_get()->init;

	init_runs();
	memset(&init->arch.x[10], 0, 7 * sizeof(init->arch.x[0]));
	init->arch.x[10] = h;
	do {
		init_runs();
		calls_step(nr);
	} while (!calls_is_done(init));
	return (int64_t)init->arch.x[10];
}

void
rig_begin(void)
{
	chain_init(&model);
	for (int i = 0; i < MEMBERS; i++) {
		make(i);
	}
	rig.gift = made(CALL(share, boot->console, SLOT0 + 99, 0, 0, EXO_WRITE));
	for (int i = 0; i < MEMBERS; i++) {
		assert_int_equal(rig_insist(EXO_NR_env_start, rig.member[i].handle), 0);
	}
	init_runs();
	kernel_get()->init->arch.x[10] = 1;
	kernel_get()->init->arch.x[11] = ~0ul;
	calls_step(EXO_NR_sleep);
}

/* --- the kernel is as the model says ---------------------------------------------------------- */
bool
rig_is_blank(int i, uint64_t status)
{
	const struct arch_env *a = &rig.member[i].env->arch;
	uint64_t other = a->fcsr;

	for (uint32_t n = 1; n < 32; n++) {
		other |= n == 3 || n == 5 ? 0 : a->x[n];
	}
	for (uint32_t n = 0; n < 32; n++) {
		other |= a->f[n];
	}
	return !other && a->x[3] == a->uarea && a->x[5] == status;
}

static bool
is_late(int i)
{
	return rig.member[i].deadline && rig.member[i].deadline <= arch_time();
}

void
rig_died(int i)
{
	int caller = model.caller[i];

	chain_die(&model, i);
	rig.member[i].is_dying = false;
	if (caller != CHAIN_NOBODY) {
		assert_true(rig_is_blank(caller, (uint64_t)E_DEAD) ||
			    (is_late(caller) && rig_is_blank(caller, (uint64_t)E_TIMEOUT)));
		rig.ends[END_DEAD]++;
	}
}

void
rig_follow(void)
{
	for (int i = 0; i < MEMBERS; i++) {
		if (rig.member[i].is_dying && rig.member[i].env->state == EXO_STATE_DEAD) {
			rig_died(i);
		}
	}
	for (int i = 0; i < MEMBERS; i++) {
		struct env *e = rig.member[i].env;

		if (model.callee[i] != CHAIN_NOBODY && !transfer_callee(e) && is_late(i)) {
			assert_true(rig_is_blank(i, (uint64_t)E_TIMEOUT));
			chain_abandon(&model, i);
			rig.ends[END_TIMEOUT]++;
		}
		if (model.state[i] == CHAIN_ASLEEP && e->state != EXO_STATE_SLEEPING) {
			assert_true(rig.member[i].until <= arch_time());
			model.state[i] = CHAIN_READY;
		}
	}
}

static uint32_t
state_of(int i)
{
	static const uint32_t states[] = {EXO_STATE_READY, EXO_STATE_OPEN, EXO_STATE_SLEEPING,
					  EXO_STATE_STOPPED, EXO_STATE_DEAD};

	return model.state[i] == CHAIN_READY && model.caller[i] != CHAIN_NOBODY
		       ? EXO_STATE_OPEN
		       : states[model.state[i]];
}

static struct env *
env_of(int i)
{
	return i == CHAIN_NOBODY ? NULL : rig.member[i].env;
}

void
rig_compare_one(int i)
{
	struct env *e = rig.member[i].env;
	bool runs = chain_can_run(&model, i);

	if (model.state[i] == CHAIN_DEAD && e->state == EXO_STATE_STOPPED && !e->arch.token) {
		return; /* dropped, and linked to nobody: it is DEAD when it is buried */
	}
	assert_int_equal(e->state, state_of(i));
	assert_ptr_equal(transfer_caller(e), env_of(model.caller[i]));
	assert_ptr_equal(transfer_callee(e), env_of(model.callee[i]));
	assert_true(e->is_gone == model.is_gone[i] || model.state[i] == CHAIN_DEAD);
	if (e->state == EXO_STATE_READY || e->state == EXO_STATE_OPEN) {
		assert_int_equal(!e->member.is_blocked, runs || model.state[i] == CHAIN_OPEN);
	}
	assert_int_equal(e->member.is_ready, e->state == EXO_STATE_READY && runs);
	assert_null(transfer_check_env(e));
}

bool
rig_is_below(int e, int i)
{
	while (e != CHAIN_NOBODY && e != i) {
		e = model.callee[e];
	}
	return e == i;
}

/* Whoever runs may, in the time of whose turn it is; and somebody runs if anybody can. */
static void
compare_turns(void)
{
	const struct env *e = calls_running();
	int i = rig_number(e);
	bool any = false;

	for (int n = 0; n < MEMBERS; n++) {
		any = any || (model.caller[n] == CHAIN_NOBODY && chain_can_run(&model, n));
	}
	if (e != kernel_get()->init) {
		assert_true(i != CHAIN_NOBODY || !any);
	}
	if (i != CHAIN_NOBODY) {
		assert_int_equal(model.state[i], CHAIN_READY);
		assert_int_equal(model.callee[i], CHAIN_NOBODY);
		/* it need not be the first: somebody may have yielded to one that serves */
		assert_true(rig_is_below(rig_number(transfer_env(hart_self()->turn)), i));
	}
}

void
rig_compare(void)
{
	rig_follow();
	for (int i = 0; i < MEMBERS; i++) {
		rig_compare_one(i);
	}
	compare_turns();
	assert_null(timeline_check(&hart_self()->timeline));
}

bool
rig_uses_float(int i)
{
	return i % 4 == 1;
}
