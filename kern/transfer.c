/* SPDX-License-Identifier: MIT
 * transfer.c: control transfer: who serves whose call.
 *
 * An environment that waits for a call, or serves one, is OPEN and in no ring: it runs in the
 * slices of its caller, and in slots bound to itself while it serves. One that waits for a reply
 * stays what it was, so its slots and slack go on; they run the active member of its chain. When
 * that cannot run (it sleeps, is stopped) the whole chain is blocked: none of it is ready.
 *
 * arch/riscv/transfer.S does call and reply by a short way that touches nothing but the links and
 * the tokens; all else is here. A link by the long way is `caller`, by the short way arch.back; the
 * callee's link is the same for both.
 *
 * State:      in the environments.
 * Invariants: named in transfer_check_env().
 * Callers:    the home hart, interrupts off; dispatch follows.
 * Design:     docs/design/transfer.md
 */
#include "kern/transfer.h"
#include "kern/hart.h"
#include "kern/kernel.h"
#include "kern/upcall.h"
#include "lib/base/string.h"

/* --- the short way ------------------------------------------------------------------------ */
#define NAMELESS  NOT_PLAIN /* token of one whose space has no identifier: nobody's equal */
#define BOUND_TOO 1         /* in `plain` beside the token: of those that take no slack */

static uint64_t
tp_of(const struct env *e)
{
	return (uint64_t)e + PAGE_SIZE;
}

/* Those with the same token can call each other by it. */
static uint64_t
token_of(const struct env *e)
{
	bool has_name = e->arch.satp & SATP_ASID_MASK;

	return has_name ? (uint64_t)e->hart | (e->arch.fp ? 4 : 2) : NAMELESS;
}

static bool
is_short(const struct env *e, const struct env *to)
{
	return e->arch.token == to->arch.token && e->arch.token != NAMELESS;
}

/* The short ways of yield and notify deliver no upcall, and leave alone what is in the hart's
 * floating-point registers: zeros, for they are for those that never had anything else there. They
 * do not look at the time. So who gets a turn by them is in the ring if the one was who gives it:
 * that may run alone for long. */
static uint64_t
plain_of(const struct env *e)
{
	bool uses_float = e->arch.fp && e->arch.float_used;
	bool has_upcalls = e->begin_entry | e->end_entry | e->event_entry;
	bool serves = e->state == EXO_STATE_OPEN || transfer_caller(e);

	return uses_float || has_upcalls || serves
		       ? NOT_PLAIN
		       : e->arch.token | (e->member.takes_slack ? 0 : BOUND_TOO);
}

/* Let `e` call and answer by the short way, with `left` calls below it. */
static void
set_up(struct env *e, uint64_t left)
{
	const struct captree *t = &e->kernel->tree;
	struct arch_env *a = &e->arch;

	a->token = token_of(e);
	a->left = a->token == NAMELESS ? 0 : left;
	a->entry = e->call_entry;
	a->slots = (uint64_t)e->cspace;
	a->ram = (uint64_t)t->base - (t->base_page << PAGE_SHIFT) + PAGE_SIZE;
	a->turn = (uint64_t)&e->hart->turn;
	a->fs = a->fp ? SSTATUS_FS : 0;
	a->plain = plain_of(e);
	e->member.serves = &a->back;
}

/* --- messages ----------------------------------------------------------------------------- */
/* What is in the hart's floating-point registers is saved, and nobody's. */
static void
save_float(struct env *e)
{
	if (e->hart->current == e) {
		arch_fp_switch(&e->arch, NULL);
		e->hart->current = NULL;
	}
}

static void
pass_float(struct env *from, struct env *to)
{
	save_float(from);
	memcpy(to->arch.f, from->arch.f, sizeof(to->arch.f));
	arch_fp_used(&to->arch);
	to->arch.fcsr = from->arch.fcsr;
	to->arch.fp_at = 0;
}

static void
pass(struct env *from, struct env *to, uint64_t status, uint64_t gift)
{
	uint64_t *x = to->arch.x;

	memcpy(&x[1], &from->arch.x[1], 31 * sizeof(*x));
	x[3] = to->arch.uarea;
	x[5] = status;
	x[6] = gift;
	x[7] = 0;
	if (from->arch.fp && to->arch.fp) {
		pass_float(from, to);
	}
}

/* Nothing is left in its registers but where its u-area is, and why. */
static void
forget(struct env *e, int64_t status)
{
	struct arch_env *a = &e->arch;

	save_float(e);
	memset(&a->x[1], 0, 31 * sizeof(a->x[0]));
	memset(a->f, 0, sizeof(a->f));
	a->fcsr = 0;
	a->fp_at = 0;
	a->x[3] = a->uarea;
	a->x[5] = (uint64_t)status;
}

/* --- links -------------------------------------------------------------------------------- */
static uint32_t
depth_of(const struct env *e)
{
	uint32_t depth = 0;

	while ((e = transfer_caller(e))) {
		depth++;
	}
	return depth;
}

static void
link(struct env *e, struct env *to, bool by_short_way)
{
	e->arch.callee = tp_of(to);
	to->arch.back = by_short_way ? tp_of(e) : 0;
	to->caller = by_short_way ? NULL : e;
	to->member.serves_slowly = !by_short_way;
}

static void
unlink(struct env *e, struct env *to)
{
	e->arch.callee = 0;
	to->arch.back = 0;
	to->caller = NULL;
	to->member.serves_slowly = false;
}

void
transfer_yielded(struct env *e)
{
	set_up(e, e->arch.slots ? e->arch.left : TRANSFER_DEPTH);
	e->arch.rested = e->arch.plain == NOT_PLAIN ? 0 : e->arch.plain;
	e->hart->napped = 0; /* turns have gone round to where they began, if there were any */
}

void
transfer_napped(struct env *e)
{
	set_up(e, e->arch.slots ? e->arch.left : TRANSFER_DEPTH);
	e->arch.nap = e->arch.plain == NOT_PLAIN ? 0 : e->arch.plain;
}

int
transfer_check(const struct env *e, const struct env *to)
{
	if (!transfer_is_open(to)) {
		return E_BUSY;
	}
	return depth_of(e) >= TRANSFER_DEPTH ? E_DEPTH : 0;
}

void
transfer_call(struct env *e, struct env *to, uint64_t badge, uint64_t gift)
{
	uint32_t depth = depth_of(e);

	set_up(e, TRANSFER_DEPTH - depth);
	set_up(to, TRANSFER_DEPTH - depth - 1);
	to->arch.open = 0;
	to->arch.x[0] = to->call_entry;
	pass(e, to, badge, gift);
	link(e, to, is_short(e, to));
}

/* One that was open, or served, runs in its own time. */
static void
run_alone(struct env *e)
{
	e->arch.open = 0;
	e->arch.left = 0;
	e->state = EXO_STATE_READY;
	if (!e->member.is_blocked) {
		hart_ready(e->hart, e);
	}
}

void
transfer_send(struct env *e, struct env *to, uint64_t badge, uint64_t gift)
{
	to->arch.x[0] = to->call_entry;
	pass(e, to, badge, gift);
	forget(e, 0);
	run_alone(to);
	hart_yield(e->hart, to);
}

void
transfer_open(struct env *e)
{
	hart_unready(e->hart, e);
	e->state = EXO_STATE_OPEN;
	set_up(e, 0);
	e->arch.open = e->arch.token;
}

void
transfer_answer(struct env *e, uint64_t gift)
{
	struct env *caller = transfer_caller(e);

	pass(e, caller, 0, gift);
	unlink(caller, e);
	transfer_open(e);
}

/* A word of its u-area: it may change at any moment. */
static uint64_t
call_deadline(struct env *e)
{
	return __atomic_load_n(&env_uarea(e)->call_deadline, __ATOMIC_RELAXED);
}

/* While it cannot run nobody looks at the deadline of e's call at its slices. */
static void
arm_deadline(struct env *e)
{
	uint64_t deadline = e->arch.callee ? call_deadline(e) : 0;

	if (deadline && !e->has_deadline) {
		hart_set_deadline(e->hart, e, deadline);
	}
}

/* --- other reasons to run ----------------------------------------------------------------- */
void
transfer_close(struct env *e)
{
	forget(e, 0);
	e->arch.x[0] += 4; /* behind its reply */
	run_alone(e);
}

/* The answer to e's call comes by the long way. */
static void
slow_down(struct env *e)
{
	struct env *callee = transfer_callee(e);

	if (callee) {
		link(e, callee, false);
	}
}

void
transfer_refuse(struct env *e)
{
	slow_down(transfer_caller(e));
}

void
transfer_rest(struct env *e)
{
	if (transfer_is_open(e)) {
		forget(e, 0);
		e->arch.x[0] += 4;
		e->arch.open = 0;
	}
	transfer_block(e);
}

void
transfer_run(struct env *e)
{
	const struct env *callee = transfer_callee(e);

	e->state = transfer_caller(e) ? EXO_STATE_OPEN : EXO_STATE_READY;
	e->member.is_blocked = true;
	transfer_entry(e);
	if (callee && callee->member.is_blocked) {
		arm_deadline(e);
	} else {
		transfer_unblock(e);
	}
}

/* --- what goes wrong ---------------------------------------------------------------------- */
void
transfer_abandon(struct env *e, int64_t status)
{
	struct env *callee = transfer_callee(e);

	if (!callee) {
		return;
	}
	unlink(e, callee);
	callee->is_gone = true; /* it loses the time, not its state */
	if (callee->state == EXO_STATE_OPEN) {
		run_alone(callee);
	}
	forget(e, status);
	hart_clear_deadline(e->hart, e);
	transfer_unblock(e);
	e->hart->slice_end = 0;
}

void
transfer_die(struct env *e)
{
	struct env *caller = transfer_caller(e);

	transfer_abandon(e, 0);
	e->arch.open = 0;
	if (caller) {
		unlink(caller, e);
		e->state = e->state == EXO_STATE_OPEN ? EXO_STATE_READY : e->state;
		forget(caller, E_DEAD);
		transfer_unblock(caller);
		e->hart->slice_end = 0;
	}
}

/* --- who can run -------------------------------------------------------------------------- */
static bool
is_runnable(const struct env *e)
{
	return e->state == EXO_STATE_READY || e->state == EXO_STATE_OPEN;
}

void
transfer_block(struct env *e)
{
	for (; e && !e->member.is_blocked; e = transfer_caller(e)) {
		e->member.is_blocked = true;
		hart_unready(e->hart, e);
		arm_deadline(e);
	}
}

void
transfer_unblock(struct env *e)
{
	for (; e && e->member.is_blocked && is_runnable(e); e = transfer_caller(e)) {
		e->member.is_blocked = false;
		hart_clear_deadline(e->hart, e);
		if (e->state == EXO_STATE_READY) {
			hart_ready(e->hart, e);
		}
		e->hart->slice_end = 0;
	}
}

void
transfer_begin(struct env *e, uint64_t now)
{
	for (; e->arch.callee; e = transfer_callee(e)) {
		uint64_t deadline = call_deadline(e);

		if (deadline && deadline <= now) {
			transfer_abandon(e, E_TIMEOUT);
			return;
		}
		if (upcall_wanted(e)) {
			slow_down(e); /* it comes with the answer */
		}
	}
}

/* --- invariants --------------------------------------------------------------------------- */
static const char *
check_link(const struct env *e, const struct env *to)
{
	if (transfer_caller(to) != e || e->hart != to->hart) {
		return "the callee knows its caller, and lives on the same hart";
	}
	if ((to->member.is_blocked || !is_runnable(to)) && !e->member.is_blocked) {
		return "who waits for one that cannot run cannot run";
	}
	return NULL;
}

const char *
transfer_check_env(const struct env *e)
{
	const struct env *callee = transfer_callee(e);
	const char *broken = callee ? check_link(e, callee) : NULL;

	if (broken) {
		return broken;
	}
	if (depth_of(e) > TRANSFER_DEPTH) {
		return "a chain is no deeper than it may be";
	}
	if (e->arch.open && !transfer_is_open(e)) {
		return "only who waits for a call can be called";
	}
	if (e->state == EXO_STATE_READY && transfer_caller(e)) {
		return "who serves is in no ring";
	}
	return NULL;
}
