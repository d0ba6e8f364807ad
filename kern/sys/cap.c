/* SPDX-License-Identifier: MIT
 * cap.c (sys): carve, share, give, ask, revoke, drop: checks of what the caller says about
 * capabilities.
 *
 * carve, share, drop and revoke first take one step at the oldest dead object, so frames come back
 * to whoever asks for them.
 */
#include "kern/ask.h"
#include "kern/cap_fast.h"
#include "kern/net/nic.h"
#include "kern/object.h"
#include "kern/sys/sys.h"
#include "kern/take.h"
#include "lib/base/checked.h"

#define WORK_MAX  32 /* after it a call restarts, in units of captree.work */
#define WORK_STEP 20 /* of a step besides what it breaks */

/* --- derive ------------------------------------------------------------------------------- */
/* The arguments of carve or share, and what they turn out to be. */
struct derivation {
	struct env *e;
	exo_handle parent_handle;
	uint32_t slot_index;
	uint64_t start;
	uint64_t count;
	uint64_t rights;
	uint64_t badge;
	bool shared;
	struct cap *parent;
	struct cap *slot;
	uint64_t in_the_way;
	bool is_unfinished; /* to be made again */
};

static int
find_both(struct derivation *d)
{
	d->parent = cspace_lookup(d->e->cspace, d->parent_handle);
	d->slot = cspace_free_slot(d->e->cspace, d->slot_index);
	return !d->parent ? E_HANDLE : !d->slot ? E_SLOT : 0;
}

/* The handle of the child or an error. */
static int64_t
derive_now(struct derivation *d)
{
	struct captree *t = &d->e->kernel->tree;
	int error;

	error = d->shared
			? cap_share(t, d->parent, d->slot, d->start, d->count, d->rights, d->badge)
			: cap_carve(t, d->parent, d->slot, d->start, d->count, d->rights, d->badge,
				    &d->in_the_way);
	return error ? error : (int64_t)cspace_handle(d->slot, d->slot_index);
}

/* A PACKET's `start` is the address of its filter, fetched while the lock is free: afterwards the
 * handle names the same capability still, or none. */
static __attribute__((cold, noinline)) int64_t
derive_packet(struct derivation *d)
{
	struct kernel *k = d->e->kernel;
	struct exo_filter f;
	uint64_t name;
	int64_t result;

	kernel_unlock(k);
	result = arch_copy_in(&f, (struct uaddr){d->start}, sizeof(f));
	kernel_lock(k);
	if (!result) {
		result = find_both(d);
	}
	if (!result) {
		result = authority_check(d->parent, d->rights, d->badge);
	}
	if (!result && !has_range(d->parent, 0, d->count)) {
		result = E_RANGE;
	}
	if (!result) {
		result = nic_filter_make(d->e->hart->number, d->parent, &f, d->shared,
					 d->count, &name, &d->in_the_way);
	}
	d->is_unfinished = result == NIC_AGAIN;
	if (!result) {
		d->start = name;
		result = derive_now(d);
		if (result < 0) {
			nic_filter_discard(name);
		}
	}
	return result;
}

static struct sysret
derive(struct derivation *d)
{
	struct kernel *k = d->e->kernel;
	int64_t result = 0;

	kernel_lock(k);
	d->is_unfinished = !object_settled(k);
	if (!d->is_unfinished) {
		result = find_both(d);
		if (!result) {
			result = cap_type(d->parent) == EXO_CAP_PACKET ? derive_packet(d)
								       : derive_now(d);
		}
	}
	kernel_unlock_fence(k);
	if (d->is_unfinished) {
		return sys_restart(d->e, d->shared ? EXO_NR_share : EXO_NR_carve,
				   (uint64_t[]){d->parent_handle, d->slot_index, d->start, d->count,
						d->rights, d->badge, 0});
	}
	return result == E_TAKEN ? sys_return2(d->e, result, d->in_the_way)
				 : sys_finish_long(result);
}

/* The long way, from the beginning. */
static __attribute__((cold, noinline)) struct sysret
derive_anything(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
		uint64_t badge, bool shared)
{
	return derive(&(struct derivation){env_current(), parent, slot, start, count, rights, badge,
					   shared, NULL, NULL, 0, false});
}

/* The end of a carve that must turn siblings; of one that is refused. */
static __attribute__((cold, noinline)) struct sysret
carve_torn(struct kernel *k, struct cap *c, int64_t handle)
{
	sibling_balance(&k->tree, c);
	kernel_unlock(k);
	return sys_return(handle);
}

static __attribute__((cold, noinline)) struct sysret
carve_refused(struct kernel *k, int64_t error, uint64_t in_the_way)
{
	kernel_unlock(k);
	env_current()->arch.second = in_the_way;
	return (struct sysret){error, error == E_TAKEN ? ACTION_RETURN2 : ACTION_RETURN};
}

/* The short way first, which calls nothing: nothing is dead, revoked or owed, and what is carved is
 * an interval. Every other case, and every wrong handle, goes the long way. */
struct sysret
sys_carve(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
	  uint64_t badge)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;

	kernel_lock(k);
	if (k->dead_first || !cap_is_quiet(&k->tree)) {
		goto long_way;
	}
	struct cap *p = cspace_lookup(e->cspace, parent);
	if (!p || !cap_is_interval(p)) {
		goto long_way;
	}
	struct cap *dst = cspace_free_slot(e->cspace, slot);
	if (!dst) {
		goto long_way;
	}
	bool is_torn = false;
	uint64_t in_the_way = 0;
	int64_t result = cap_carve_interval(&k->tree, p, dst, start, count, rights, badge,
					    &in_the_way, &is_torn);
	if (result) {
		return carve_refused(k, result, in_the_way);
	}
	result = (int64_t)cspace_handle(dst, slot);
	if (is_torn) {
		return carve_torn(k, dst, result);
	}
	kernel_unlock(k);
	return sys_return(result);
long_way:
	kernel_unlock(k);
	return derive_anything(parent, slot, start, count, rights, badge, false);
}

struct sysret
sys_share(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
	  uint64_t badge)
{
	return derive_anything(parent, slot, start, count, rights, badge, true);
}

/* --- give, ask ---------------------------------------------------------------------------- */
__attribute__((cold)) struct sysret
sys_give(exo_handle env, exo_handle capability, uint32_t slot)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct env *target;
	struct cap *c;
	struct cap *to = NULL;
	int64_t result;

	kernel_lock(k);
	c = cspace_lookup(e->cspace, capability);
	result = c ? sys_env(e, env, EXO_ENV_GIVE, &target) : E_HANDLE;
	if (!result && (env_is_off(target) || !target->cspace)) {
		result = E_DEAD;
	}
	if (!result) {
		to = cspace_free_slot(target->cspace, slot);
		result = to ? cap_move(&k->tree, c, to) : E_SLOT;
	}
	if (!result) {
		result = (int64_t)cspace_handle(to, slot);
	}
	kernel_unlock(k);
	return sys_return(result);
}

__attribute__((cold)) struct sysret
sys_ask(exo_handle capability, uint64_t start, uint64_t count, uint64_t deadline)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct cap *c;
	int error;

	kernel_lock(k);
	c = cspace_lookup(e->cspace, capability);
	error = !c                                                          ? E_HANDLE
		: count && !range_within(start - c->start, count, c->count) ? E_RANGE
									    : 0;
	if (!error) {
		error = ask_post(k, c, start, count ? count : c->count, deadline);
	}
	kernel_unlock(k);
	return sys_finish(error);
}

/* --- revoke, drop ------------------------------------------------------------------------- */
/* Time to let others in. Other harts work as well, so it may come early. */
static bool
is_long(const struct kernel *k, uint32_t begin)
{
	return sys_interrupted() ||
	       __atomic_load_n(&k->tree.work, __ATOMIC_RELAXED) - begin >= WORK_MAX;
}

/* A step at what is dead, unless the call began with one, as a drop does. */
static void
bury_first(struct kernel *k, enum take what, int i)
{
	if (__atomic_load_n(&k->dead_first, __ATOMIC_RELAXED) && (i || what == TAKE_REVOKE)) {
		kernel_lock(k);
		k->tree.work += WORK_STEP;
		object_settled(k);
		kernel_unlock_fence(k);
	}
}

/* Steps at the call itself, which began when captree.work was `begin`; 0, CAP_AGAIN (restart) or an
 * error. */
static int
take(struct env *e, uint32_t begin, enum take what, exo_handle capability, uint64_t start,
     uint64_t count)
{
	struct kernel *k = e->kernel;
	int result = CAP_AGAIN;
	bool waiting = false;

	for (int i = 0; result == CAP_AGAIN && !waiting && !(i && is_long(k, begin)); i++) {
		bury_first(k, what, i);
		kernel_lock(k);
		k->tree.work += WORK_STEP;
		k->waiting = false;
		result = take_step(e, what, capability, start, count);
		if (!result && what == TAKE_REVOKE) {
			result = take_await(e);
		}
		waiting = k->waiting;
		k->waiting = false;
		kernel_unlock_fence(k);
	}
	return result == E_BUSY && waiting ? CAP_AGAIN : result;
}

static __attribute__((cold, noinline)) struct sysret
drop_anything(uint32_t begin, exo_handle capability, uint64_t start, uint64_t count)
{
	struct env *e = env_current();
	int result = take(e, begin, count ? TAKE_TRIM : TAKE_DROP, capability, start, count);

	if (result == CAP_AGAIN) {
		return sys_restart(e, EXO_NR_drop, (uint64_t[7]){capability, start, count});
	}
	return sys_finish_long(result);
}

/* Something is dead, or what is dropped is an object. Releases the lock. */
static __attribute__((noinline)) struct sysret
drop_object(exo_handle capability, uint64_t start, uint64_t count)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	uint32_t begin = k->tree.work;
	struct cap *c = NULL;

	if (object_settled(k) && !count && cap_is_quiet(&k->tree)) {
		c = cspace_lookup(e->cspace, capability);
	}
	if (!c || !cap_is_idle(c)) {
		kernel_unlock_fence(k);
		return drop_anything(begin, capability, start, count);
	}
	cap_unlink(&k->tree, c);
	if (k->tree.types[cap_type(c)].destroy) {
		k->tree.types[cap_type(c)].destroy(&k->tree, c);
	}
	slot_empty(c);
	e->unfinished_what = 0;
	kernel_unlock(k);
	return sys_finish(0);
}

/* The end of a drop that must turn siblings. */
static __attribute__((cold, noinline)) struct sysret
drop_tied(struct kernel *k, struct cap *c)
{
	sibling_remove(&k->tree, c);
	slot_empty(c);
	kernel_unlock(k);
	return sys_return(0);
}

/* The short way first, as with carve. */
struct sysret
sys_drop(exo_handle capability, uint64_t start, uint64_t count)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;

	kernel_lock(k);
	if (count || k->dead_first || !cap_is_quiet(&k->tree)) {
		goto long_way;
	}
	struct cap *c = cspace_lookup(e->cspace, capability);
	if (!c || !cap_is_idle(c) || k->tree.types[cap_type(c)].destroy) {
		goto long_way;
	}
	e->unfinished_what = 0;
	if (!cap_unlink_easily(&k->tree, c)) {
		return drop_tied(k, c);
	}
	slot_empty(c);
	kernel_unlock(k);
	return sys_return(0);
long_way:
	return drop_object(capability, start, count);
}

/* How many transfers the revocation waits for. */
static uint64_t
count_waiting(struct env *e, exo_handle capability, uint64_t start, uint64_t count)
{
	const struct cap *c;
	uint64_t waiting = 0;

	kernel_lock(e->kernel);
	c = cspace_lookup(e->cspace, capability);
	if (c) {
		waiting = cap_waiting(&e->kernel->tree, c, start, count);
	}
	kernel_unlock(e->kernel);
	return waiting;
}

__attribute__((cold)) struct sysret
sys_revoke(exo_handle capability, uint64_t start, uint64_t count)
{
	struct env *e = env_current();
	uint32_t begin = __atomic_load_n(&e->kernel->tree.work, __ATOMIC_RELAXED);
	int result = take(e, begin, TAKE_REVOKE, capability, start, count);

	if (result == CAP_AGAIN) {
		return sys_restart(e, EXO_NR_revoke, (uint64_t[7]){capability, start, count});
	}
	if (result == E_BUSY) {
		return sys_return2(e, E_BUSY, count_waiting(e, capability, start, count));
	}
	return sys_finish_long(result);
}
