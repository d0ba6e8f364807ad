/* SPDX-License-Identifier: MIT
 * env.c (sys): null, sleep, signal, yield, exit and the env_* calls: checks of what the caller
 * says about environments.
 */
#include "kern/predicate.h"
#include "kern/sys/life.h"
#include "kern/tick.h"
#include "kern/transfer.h"
#include "kern/upcall.h"
#include "lib/base/string.h"

#define EVENT_RESERVED EXO_SLEEP_PREDICATE

struct sysret
sys_null(void)
{
	return sys_return(EXO_ABI_VERSION);
}

/* Who signals it or changes what its program is needs the lock, so nothing comes between the look
 * and the sleep. */
static __attribute__((noinline)) struct sysret
sleep_by_predicate(struct env *e, uint64_t mask, uint64_t deadline)
{
	uint64_t taken;
	uint64_t tag;
	bool sleeps;

	kernel_lock(e->kernel);
	sleeps = env_sleep(e, mask, predicate_holds(e, &tag) ? 0 : deadline, &taken);
	if (sleeps) {
		predicate_wait(e);
	}
	kernel_unlock(e->kernel);
	if (sleeps) {
		return (struct sysret){0, ACTION_SLEPT};
	}
	e->arch.second = tag;
	return (struct sysret){(int64_t)taken, ACTION_RETURN2};
}

struct sysret
sys_sleep(uint64_t mask, uint64_t deadline)
{
	struct env *e = env_current();
	uint64_t taken;
	uint32_t action;

	if (mask & EXO_SLEEP_PREDICATE && e->predicate.is_bound) {
		return sleep_by_predicate(e, mask & ~EVENT_RESERVED, deadline);
	}
	action = env_doze(mask & ~EVENT_RESERVED, deadline, &taken);
	return (struct sysret){(int64_t)taken, action};
}

/* Raise `bits` of what `env` names. Tree lock. */
static int
signal_locked(struct env *e, exo_handle env, uint64_t rights, uint64_t bits, struct env **target)
{
	int error = bits & EVENT_RESERVED ? E_INVAL : sys_env(e, env, rights, target);

	if (!error && env_is_off(*target)) {
		error = E_DEAD;
	}
	if (!error) {
		env_signal(*target, bits);
	}
	return error;
}

struct sysret
sys_signal(exo_handle env, uint64_t bits)
{
	struct env *e = env_current();
	struct env *target;
	int error;

	kernel_lock(e->kernel);
	error = signal_locked(e, env, EXO_ENV_SIGNAL, bits, &target);
	kernel_unlock(e->kernel);
	return sys_finish(error);
}

/* May the rest of e's slice go to `target`? One that is told of the end of its slices, and pays for
 * running over it, needs time to be told. */
static int
check_gift(const struct env *e, const struct env *target)
{
	const struct hart *h = e->hart;

	if (target->hart != h) {
		return E_HART;
	}
	if (!timeline_can_run(&target->member)) {
		return E_STATE;
	}
	return target->end_entry && arch_time() + 2 * h->grace_ticks > h->boundary ? E_SHORT : 0;
}

/* It goes there if it may, and only if `e` has no use for it. */
static struct sysret
notify_locked(struct env *e, struct env *target, uint64_t mask, uint64_t deadline)
{
	bool gives = env_would_sleep(e, mask, deadline) && !check_gift(e, target);
	uint64_t taken;

	if (gives) {
		hart_yield(e->hart, target);
	}
	if (env_sleep(e, mask, deadline, &taken)) {
		if (deadline == UINT64_MAX) {
			transfer_napped(e);
		}
		return (struct sysret){0, ACTION_SLEPT};
	}
	return (struct sysret){(int64_t)taken, ACTION_LONG};
}

struct sysret
sys_notify(exo_handle env, uint64_t bits, uint64_t mask, uint64_t deadline)
{
	struct env *e = env_current();
	struct sysret result = {0, ACTION_LONG};
	struct env *target;
	int error;

	kernel_lock(e->kernel);
	hart_sync(e->hart);
	error = signal_locked(e, env, EXO_ENV_SIGNAL | EXO_ENV_YIELD, bits, &target);
	if (!error) {
		result = notify_locked(e, target, mask & ~EVENT_RESERVED, deadline);
	}
	kernel_unlock(e->kernel);
	return error ? sys_return(error) : result;
}

struct sysret
sys_yield(exo_handle env)
{
	struct env *e = env_current();
	struct env *target;
	int error;

	if (env == EXO_NONE) {
		hart_yield(e->hart, NULL);
		return (struct sysret){0, ACTION_LONG};
	}
	kernel_lock(e->kernel);
	hart_sync(e->hart);
	error = sys_env(e, env, EXO_ENV_YIELD, &target);
	if (!error) {
		error = check_gift(e, target);
	}
	if (!error) {
		hart_yield(e->hart, target);
		transfer_yielded(e);
	}
	kernel_unlock(e->kernel);
	return error ? sys_return(error) : (struct sysret){0, ACTION_LONG};
}

struct sysret
sys_exit(uint64_t status)
{
	return (struct sysret){(int64_t)status, ACTION_EXIT};
}

/* --- CONTROL ------------------------------------------------------------------------------ */
struct sysret
sys_env_stop(exo_handle env)
{
	struct env *e = env_current();
	struct env *target;
	bool done = true;
	int error;

	kernel_lock(e->kernel);
	error = sys_env(e, env, EXO_ENV_CONTROL, &target);
	if (!error && env_is_off(target)) {
		error = E_DEAD;
	}
	if (!error && !env_is_stopped(target)) {
		env_request(target, REQUEST_STOP);
		done = target == e; /* it stops on the way out of this call */
	}
	kernel_unlock(e->kernel);
	if (!done) {
		return sys_restart(e, EXO_NR_env_stop, (uint64_t[7]){env});
	}
	return sys_finish(error);
}

struct sysret
sys_env_start(exo_handle env)
{
	struct env *e = env_current();
	struct env *target;
	int error;

	kernel_lock(e->kernel);
	error = stopped_target(e, env, &target);
	if (!error && (!target->space || !target->cspace)) {
		error = E_STATE;
	}
	if (!error) {
		env_request(target, REQUEST_START);
	}
	kernel_unlock(e->kernel);
	if (error == UNSETTLED) {
		return sys_restart(e, EXO_NR_env_start, (uint64_t[7]){env});
	}
	return sys_finish(error);
}

static uint32_t
state_shown(const struct env *e)
{
	uint32_t state = __atomic_load_n(&e->state, __ATOMIC_ACQUIRE);
	bool serves = state == EXO_STATE_OPEN && transfer_caller(e);

	if ((state == EXO_STATE_READY || serves) && transfer_callee(e)) {
		return EXO_STATE_CALLING;
	}
	if (serves) {
		return EXO_STATE_READY;
	}
	if (state == EXO_STATE_READY && __atomic_load_n(&e->sleeping, __ATOMIC_RELAXED)) {
		return EXO_STATE_SLEEPING; /* in its call, or by the short way of notices */
	}
	return state == EXO_STATE_STOPPED && e->death_kind ? EXO_STATE_FAULTED : state;
}

static void
copy_context(const struct env *e, struct exo_context *c)
{
	const struct arch_env *a = &e->arch;

	*c = (struct exo_context){
		.pc = a->x[0],
		.fcsr = a->fp ? a->fcsr : 0,
		.state = state_shown(e),
		.hart = e->hart->number,
		.exception_entry = a->handler,
		.exception_window = a->window,
		.event_entry = e->event_entry,
		.event_mask = e->event_mask,
		.events = __atomic_load_n(&e->events, __ATOMIC_RELAXED),
		.uarea = a->uarea,
		.overruns = e->member.overruns,
		.forfeits = e->member.forfeits,
		.debt_ticks = e->member.debt,
		.call_entry = e->call_entry,
		.call_slot = e->call_slot,
		.used_ticks = tick_used(e),
		.stolen_ticks = e->stolen_ticks,
		.slices = e->slices,
		.flags = (a->fp ? EXO_ENV_FP : 0) | (e->member.takes_slack ? 0 : EXO_ENV_BOUND),
	};
	if (e->death_kind) {
		c->death.kind = e->death_kind;
		c->death.cause = e->death.cause;
		c->death.pc = e->death.pc;
		c->death.tval = e->death.tval;
	}
	for (uint32_t i = 1; i < 32; i++) {
		c->x[i] = a->x[i];
	}
	for (uint32_t i = 0; a->fp && i < 32; i++) {
		c->f[i] = a->f[i];
	}
}

struct sysret
sys_env_read(exo_handle env, struct exo_context *context)
{
	struct env *e = env_current();
	struct exo_context copy;
	struct cap *c;
	int error;

	kernel_lock(e->kernel);
	error = sys_cap(e, env, EXO_CAP_ENV, 0, &c);
	if (!error && !(cap_rights(c) & (EXO_ENV_OBSERVE | EXO_ENV_CONTROL))) {
		error = E_RIGHTS;
	}
	if (!error) {
		copy_context(arch_ram(c->start << PAGE_SHIFT), &copy);
	}
	kernel_unlock(e->kernel);
	return sys_return_long(
		error ? error
		      : arch_copy_out((struct uaddr){(uint64_t)context}, &copy, sizeof(copy)));
}

static bool
has_float(const struct exo_context *c)
{
	uint64_t any = c->fcsr;

	for (uint32_t i = 0; i < 32; i++) {
		any |= c->f[i];
	}
	return any != 0;
}

struct sysret
sys_env_write(exo_handle env, const struct exo_context *context)
{
	struct env *e = env_current();
	struct env *target;
	struct exo_context copy;
	int error = arch_copy_in(&copy, (struct uaddr){(uint64_t)context},
				 offsetof(struct exo_context, state));

	if (error) {
		return sys_return(error);
	}
	if (copy.pc >= EXO_USER_END) {
		return sys_return(E_RANGE);
	}
	kernel_lock(e->kernel);
	error = stopped_target(e, env, &target);
	if (!error) {
		target->arch.x[0] = copy.pc;
		memcpy(&target->arch.x[1], &copy.x[1], sizeof(copy.x) - sizeof(copy.x[0]));
		memcpy(target->arch.f, copy.f, target->arch.fp ? sizeof(copy.f) : 0);
		if (has_float(&copy)) {
			arch_fp_used(&target->arch);
		}
		target->arch.fcsr = copy.fcsr & 0xff;
		target->arch.fp_at = 0;
	}
	kernel_unlock(e->kernel);
	if (error == UNSETTLED) {
		return sys_restart(e, EXO_NR_env_write, (uint64_t[7]){env, (uint64_t)context});
	}
	return sys_return(error);
}

/* 0 or why `argument` does not go with such an entry point. */
static int
check_entry(uint32_t which, uint64_t address, uint64_t argument)
{
	bool is_wild = !is_code_address(address);

	switch (which) {
	case EXO_ENTRY_EXCEPTION:
		return is_wild || !is_code_address(argument) ? E_RANGE : 0;
	case EXO_ENTRY_EVENT:
		return is_wild ? E_RANGE : argument & EVENT_RESERVED ? E_INVAL : 0;
	case EXO_ENTRY_CALL:
		return is_wild || argument >= EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF ? E_RANGE : 0;
	case EXO_ENTRY_BEGIN:
	case EXO_ENTRY_END:
		return is_wild ? E_RANGE : argument ? E_INVAL : 0;
	default:
		return E_INVAL;
	}
}

static void
set_entry(struct env *target, uint32_t which, uint64_t address, uint64_t argument)
{
	target->arch.plain = NOT_PLAIN; /* until it yields the long way */
	switch (which) {
	case EXO_ENTRY_EXCEPTION:
		target->arch.handler = address;
		target->arch.window = argument;
		break;
	case EXO_ENTRY_EVENT:
		target->event_entry = address;
		target->event_mask = address ? argument : 0;
		break;
	case EXO_ENTRY_BEGIN:
		target->begin_entry = address;
		target->owed &= address ? OWED_BEGIN | OWED_END : OWED_END;
		break;
	case EXO_ENTRY_CALL:
		target->call_entry = address;
		target->call_slot = (uint32_t)argument;
		target->arch.entry = address;
		break;
	default:
		target->end_entry = address;
		target->owed &= address ? OWED_BEGIN | OWED_END : OWED_BEGIN;
		break;
	}
}

struct sysret
sys_env_entry(exo_handle env, uint32_t which, uint64_t address, uint64_t argument)
{
	struct env *e = env_current();
	struct env *target = e;
	int error = check_entry(which, address, argument);

	if (error) {
		return sys_return(error);
	}
	kernel_lock(e->kernel);
	if (env != EXO_NONE) {
		error = sys_env(e, env, EXO_ENV_CONTROL, &target);
	}
	if (!error && target != e) {
		error = stopped_target(e, env, &target);
	}
	if (!error) {
		set_entry(target, which, address, argument);
	}
	if (!error && target == e) {
		transfer_entry(e);
	}
	kernel_unlock(e->kernel);
	if (error == UNSETTLED) {
		return sys_restart(e, EXO_NR_env_entry,
				   (uint64_t[7]){env, which, address, argument});
	}
	return (struct sysret){error, upcall_wanted(e) ? ACTION_LONG : ACTION_RETURN};
}

struct sysret
sys_env_supervisor(exo_handle env, exo_handle supervisor, uint32_t bit)
{
	struct env *e = env_current();
	struct env *target;
	struct cap *c;
	int error;

	if (bit > 62) {
		return sys_return(E_INVAL);
	}
	kernel_lock(e->kernel);
	error = sys_env(e, env, EXO_ENV_CONTROL, &target);
	if (!error) {
		error = find_supervisor(e, supervisor, &c);
	}
	if (!error) {
		set_supervisor(&e->kernel->tree, target, c, bit);
	}
	kernel_unlock(e->kernel);
	return sys_return(error);
}
