/* SPDX-License-Identifier: MIT
 * env.c: environments: their life, events and what other harts may ask of them.
 *
 * State:      in the pair of frames each environment was made of.
 * Invariants: state, ring and deadline are touched by the home hart only; a READY environment is in
 *             its ring unless it waits for one that cannot run, a SLEEPING or OPEN one is not;
 *             events are only ORed in, except by sleep there; a STOPPED one is not on its hart; a
 *             DEAD one never runs again.
 * Callers:    system calls and interrupts. Other harts only post requests (inbox), OR events.
 *             No lost wake-up: sleep publishes `sleeping`, then a full fence, then tests the
 *             events; signal ORs, fence, reads `sleeping`.
 */
#include "kern/env.h"
#include "kern/boot.h"
#include "kern/hart.h"
#include "kern/kernel.h"
#include "kern/object.h"
#include "kern/predicate.h"
#include "kern/trace.h"
#include "kern/transfer.h"
#include "kern/upcall.h"
#include "lib/base/store.h"

#define CLEARED (offsetof(struct env, arch) - offsetof(struct env, cspace))

void
env_init(struct env *e, struct kernel *k, struct hart *home, uint64_t uarea, uint64_t flags)
{
	uint64_t *words = (uint64_t *)&e->cspace;

#pragma GCC unroll 64
	for (size_t i = 0; i < CLEARED / sizeof(*words); i++) {
		words[i] = 0;
	}
	e->kernel = k;
	e->hart = home;
	e->local_harts = arch_fence_pages_miss ? 0 : 1ul << home->number;
	e->state = EXO_STATE_STOPPED;
	e->space_use.kind = USE_SPACE;
	e->cspace_use.kind = USE_CSPACE;
	e->supervisor_use.kind = USE_SUPERVISOR;
	e->console_use.kind = USE_CONSOLE;
	e->predicate.is_bound = false;
	e->predicate.waits = false;
	timeline_member_init(&e->member, !(flags & EXO_ENV_BOUND));
	k->sysinfo->hart[home->number].environments++;
	arch_env_init(&e->arch, home->number, uarea, flags & EXO_ENV_FP);
}

void
env_move(struct env *e, struct hart *home)
{
	struct exo_hart_info *harts = e->kernel->sysinfo->hart;

	harts[e->hart->number].environments--;
	harts[home->number].environments++;
	e->hart = home;
	e->local_harts = arch_fence_pages_miss ? 0 : 1ul << home->number;
	e->member.is_blocked = false;
	e->arch.token = 0; /* the short way of calls is set up anew */
	e->arch.slots = 0;
	arch_env_move(&e->arch, home->number);
}

/* It can run again. */
static inline void
env_run(struct env *e)
{
	if (e->arch.token) {
		transfer_run(e);
	} else {
		e->state = EXO_STATE_READY;
		hart_ready(e->hart, e);
	}
}

/* It cannot run for a while; its state is still that of one that can. */
static inline void
env_rest(struct env *e)
{
	if (e->arch.token) {
		transfer_rest(e);
	} else {
		hart_unready(e->hart, e);
	}
}

/* It no longer looks asleep: neither to those who signal nor to the short way. */
static inline void
env_awake(struct env *e)
{
	store_relaxed(&e->sleeping, 0);
	e->arch.nap = 0;
}

static void
env_wake(struct env *e)
{
	if (e->state != EXO_STATE_SLEEPING) {
		return;
	}
	env_awake(e);
	predicate_done(e);
	e->arch.x[10] =
		__atomic_fetch_and(&e->events, ~e->wait_mask, __ATOMIC_ACQ_REL) & e->wait_mask;
	if (e->has_deadline) {
		hart_clear_deadline(e->hart, e);
	}
	env_run(e);
}

/* Its hart has nothing of it in place: neither its floating point nor its space. Where the hart is
 * nobody's, the space of the last one may still be there (transfer.c, save_float). */
static inline void
env_clear_hart(struct hart *h, struct env *e)
{
	if (h->current == e && e->arch.fp) {
		arch_fp_switch(&e->arch, NULL);
	}
	if (h->current == e || !h->current) {
		arch_space_leave();
		h->current = NULL;
	}
}

/* Take it off its hart. Afterwards the hart holds nothing of it, no deadline either; only then may
 * its state say so, for others take its memory when it does. */
static void
env_leave_hart(struct env *e)
{
	if (e->state == EXO_STATE_READY || e->state == EXO_STATE_OPEN) {
		env_rest(e);
	} else if (e->state == EXO_STATE_SLEEPING) {
		/* it will find its events, if any, when it sleeps again */
		env_awake(e);
		predicate_done(e);
		e->arch.x[10] = 0;
	}
	if (e->has_deadline) {
		hart_clear_deadline(e->hart, e);
	}
	env_clear_hart(e->hart, e);
}

/* Off its hart, with a record of why that the supervisor is told of. Tree lock. */
static void
env_halt(struct env *e, enum exo_death kind, uint64_t cause, uint64_t tval)
{
	env_leave_hart(e);
	e->death_kind = kind;
	e->death.cause = cause;
	e->death.pc = e->arch.x[0];
	e->death.tval = tval;
	if (e->supervisor) {
		env_signal(e->supervisor, 1ul << e->supervisor_bit);
	}
}

/* From here on its frames may be taken, and its space, for it never runs again. Tree lock. */
static void
env_end(struct env *e, enum exo_death kind, uint64_t cause)
{
	if (e->arch.token) {
		transfer_die(e);
	}
	env_halt(e, kind, cause, 0);
	if (e->member.positions) {
		timeline_forget(&e->hart->timeline, &e->member);
	}
	use_unbind(&e->kernel->tree, &e->space_use);
	e->space = NULL;
	store_release(&e->state, EXO_STATE_DEAD);
}

void
env_exit(struct env *e, uint64_t status)
{
	struct kernel *k = e->kernel;

	if (e == k->init) {
		boot_init_ended(e, EXO_DEATH_EXIT, status, 0);
	}
	kernel_lock(k);
	env_end(e, EXO_DEATH_EXIT, status);
	kernel_unlock(k);
}

void
env_overrun(struct env *e)
{
	struct kernel *k = e->kernel;

	trace_record(e->hart, e, EXO_TRACE_DEATH, EXO_DEATH_OVERRUN);
	if (e == k->init) {
		boot_init_ended(e, EXO_DEATH_OVERRUN, e->member.overruns, 0);
	}
	kernel_lock(k);
	env_end(e, EXO_DEATH_OVERRUN, e->member.overruns);
	kernel_unlock(k);
}

void
env_fault(struct env *e, uint64_t cause, uint64_t tval)
{
	struct kernel *k = e->kernel;

	trace_record(e->hart, e, EXO_TRACE_FAULT, cause);
	if (e == k->init) {
		boot_init_ended(e, EXO_DEATH_FAULT, cause, tval);
	}
	kernel_lock(k);
	env_halt(e, EXO_DEATH_FAULT, cause, tval);
	store_release(&e->state, EXO_STATE_STOPPED);
	kernel_unlock(k);
}

void
env_look_by_predicate(struct env *e)
{
	uint64_t tag;

	if (e->predicate.waits && predicate_holds(e, &tag)) {
		env_wake(e);
		e->arch.x[11] = tag;
	}
}

/* An event has come. Of one that waits for another, the upcall comes with its answer. */
static void
env_look_up(struct env *e)
{
	bool is_ready = upcall_look(e) == UPCALL_READY;

	if (is_ready || __atomic_load_n(&e->events, __ATOMIC_ACQUIRE) & e->wait_mask) {
		env_wake(e);
	} else if (e->predicate.waits) {
		env_look_by_predicate(e);
	}
	if (is_ready && e->arch.token && transfer_is_open(e)) {
		transfer_close(e);
	}
}

/* What is asked of a stopped or a sleeping one: nothing here ends or signals another. Home hart,
 * tree lock, as below. */
static void
env_go_on(struct env *e, uint32_t requests)
{
	if (requests & REQUEST_START && e->state == EXO_STATE_STOPPED) {
		e->death_kind = EXO_DEATH_NONE;
		env_run(e);
	}
	if (requests & REQUEST_WAKE) {
		env_look_up(e);
	}
}

/* Home hart, tree lock, `e` lives and is not in the middle of a call. */
static void
env_carry_out(struct env *e, uint32_t requests)
{
	if (requests & REQUEST_KILL) {
		env_end(e, EXO_DEATH_STOP, 0);
		return;
	}
	if (requests & REQUEST_STOP) {
		env_leave_hart(e);
		store_release(&e->state, EXO_STATE_STOPPED);
	}
	env_go_on(e, requests);
}

/* All of it under the tree lock: whoever holds that sees an environment with requests, or one that
 * has carried them out, never one that is stopped and about to start. */
static void
take_requests(struct env *e)
{
	struct kernel *k = e->kernel;
	uint32_t requests;

	requests = __atomic_exchange_n(&e->requests, 0, __ATOMIC_SEQ_CST);
	if (requests & REQUEST_KILL && e == k->init) {
		boot_init_ended(e, EXO_DEATH_STOP, 0, 0);
	}
	if (e->state != EXO_STATE_DEAD) {
		env_carry_out(e, requests);
	}
}

void
env_take_requests(struct env *e)
{
	kernel_lock(e->kernel);
	take_requests(e);
	__atomic_store_n(&e->posted, 0, __ATOMIC_SEQ_CST); /* the last touch, see env_is_off */
	kernel_unlock(e->kernel);
}

void
env_take_early(struct env *e)
{
	struct kernel *k = e->kernel;

	kernel_lock(k);
	take_requests(e);
	kernel_unlock(k);
}

/* May this hart do it at once? It is at home here, nothing else is asked of it, and it is not in
 * the middle of a call, for it does not run. A predicate is looked at once for all that happens in
 * a turn, by hart_inbox(). */
static inline bool
is_for_now(const struct env *e, uint32_t requests)
{
	uint32_t state = e->state;

	return arch_hart() == e->hart->number && !__atomic_load_n(&e->posted, __ATOMIC_ACQUIRE) &&
	       ((requests == REQUEST_START && state == EXO_STATE_STOPPED) ||
		(requests == REQUEST_WAKE && state == EXO_STATE_SLEEPING && !e->predicate.waits));
}

void
env_request(struct env *e, uint32_t requests)
{
	struct hart *h = e->hart;
	struct env *first;

	if (__atomic_load_n(&e->state, __ATOMIC_ACQUIRE) == EXO_STATE_DEAD) {
		return;
	}
	if (is_for_now(e, requests)) {
		env_go_on(e, requests);
		return;
	}
	__atomic_fetch_or(&e->requests, requests, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&e->posted, 1, __ATOMIC_SEQ_CST)) {
		return;
	}
	if (arch_hart() == h->number) {
		h->asked = 0; /* who asks here is to find it done, when its call returns */
	}
	first = __atomic_load_n(&h->inbox, __ATOMIC_RELAXED);
	do {
		e->inbox_next = first;
	} while (!__atomic_compare_exchange_n(&h->inbox, &first, e, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	hart_poke(h);
}

/* One that was woken by a short way, and runs, would be taken for one that sleeps. */
static __attribute__((noinline)) void
request_wake(struct env *e)
{
	if (arch_hart() == e->hart->number) {
		hart_sync(e->hart);
	}
	env_request(e, REQUEST_WAKE);
}

/* May it sleep for one of these? Its own hart is interrupted for no others: whoever signals without
 * end would take the time of those who run there. After a fence: who lies down later finds them. */
static inline bool
is_awaited(const struct env *e, uint64_t bits)
{
	return __atomic_load_n(&e->sleeping, __ATOMIC_RELAXED) &&
	       (__atomic_load_n(&e->wait_mask, __ATOMIC_RELAXED) & bits || e->predicate.waits);
}

void
env_signal(struct env *e, uint64_t bits)
{
	__atomic_fetch_or(&e->events, bits, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (is_awaited(e, bits) ||
	    (bits & e->event_mask &&
	     __atomic_load_n(&e->state, __ATOMIC_RELAXED) != EXO_STATE_STOPPED)) {
		request_wake(e);
	}
}

void
env_interrupt(struct env *e, uint64_t bits)
{
	if (arch_hart() == e->hart->number && !e->arch.token) {
		if (e->state == EXO_STATE_READY) {
			__atomic_fetch_or(&e->events, bits, __ATOMIC_RELAXED);
			return;
		}
		bool wakes = bits & e->wait_mask;

		if ((wakes || !(bits & e->event_mask)) && is_for_now(e, REQUEST_WAKE)) {
			__atomic_fetch_or(&e->events, bits, __ATOMIC_RELAXED);
			if (wakes) {
				env_wake(e);
			}
			return;
		}
	}
	env_signal(e, bits);
}

bool
env_would_sleep(const struct env *e, uint64_t mask, uint64_t deadline)
{
	return !(__atomic_load_n(&e->events, __ATOMIC_RELAXED) & mask) && deadline > arch_time();
}

void
env_napped(struct env *slept, struct env *woke)
{
	env_run(woke);
	env_rest(slept);
	slept->state = EXO_STATE_SLEEPING;
}

static inline void
lie_down(struct env *e, uint64_t mask)
{
	store_relaxed(&e->wait_mask, mask);
	store_relaxed(&e->sleeping, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Has it a reason not to sleep, now that it has lain down? Then it has got up, with the events. */
static inline bool
gets_up(struct env *e, uint64_t mask, uint64_t deadline, uint64_t *taken)
{
	*taken = __atomic_fetch_and(&e->events, ~mask, __ATOMIC_ACQ_REL) & mask;
	if (!*taken && deadline > arch_time() && upcall_look(e) != UPCALL_READY) {
		return false;
	}
	store_relaxed(&e->sleeping, 0);
	return true;
}

static void
fall_asleep(struct env *e, uint64_t deadline)
{
	hart_sync(e->hart);
	env_rest(e);
	e->state = EXO_STATE_SLEEPING;
	if (deadline != UINT64_MAX) {
		hart_set_deadline(e->hart, e, deadline);
	}
}

bool
env_sleep(struct env *e, uint64_t mask, uint64_t deadline, uint64_t *taken)
{
	lie_down(e, mask);
	if (gets_up(e, mask, deadline, taken)) {
		return false;
	}
	fall_asleep(e, deadline);
	return true;
}

uint32_t
env_doze(uint64_t mask, uint64_t deadline, uint64_t *taken)
{
	struct env *e = env_current(); /* whose fields are near tp */

	lie_down(e, mask);
	while (!gets_up(e, mask, deadline, taken)) {
		if (!hart_doze(e->hart, e, deadline)) {
			fall_asleep(e, deadline);
			return ACTION_SLEPT;
		}
	}
	hart_was_long(e->hart); /* perhaps what ended the doze */
	return upcall_wanted(e) || e->hart->pokes ? ACTION_LONG : ACTION_RETURN;
}

void
env_timeout(struct env *e)
{
	hart_clear_deadline(e->hart, e);
	transfer_abandon(e, E_TIMEOUT);
	env_wake(e);
}
